//! Placeholder, replaced while the skeleton is built.
