//! JSON Patch, JSON Merge Patch, strategic merge patch and server-side apply, over schemas.
