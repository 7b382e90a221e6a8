//! Defaults of the versions that Kubernetes has dropped; what they leave open the stored version fills in.

use crate::Rules;
use crate::api::extensions::v1beta1::{Deployment, Ingress, ReplicaSet};

impl Rules for Deployment {
    fn set_defaults(&mut self) {
        super::workload::selector_from_labels(&mut self.spec.selector, &self.spec.template);
        super::workload::labels_from_template(&mut self.metadata, &self.spec.template);
    }
}

impl Rules for ReplicaSet {
    fn set_defaults(&mut self) {
        super::workload::selector_from_labels(&mut self.spec.selector, &self.spec.template);
        super::workload::labels_from_template(&mut self.metadata, &self.spec.template);
    }
}

impl Rules for Ingress {}
impl Rules for crate::api::networking::v1beta1::Ingress {}
