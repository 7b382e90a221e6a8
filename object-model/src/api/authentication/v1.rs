//! API group `authentication`, version `v1`.

mod types;

pub use types::{
    BoundObjectReference, SelfSubjectReview, SelfSubjectReviewStatus, TokenRequest, TokenRequestSpec,
    TokenRequestStatus, TokenReview, TokenReviewSpec, TokenReviewStatus, UserInfo,
};
