//! Which resource a key belongs to, by Kubernetes' key layout.

use std::collections::BTreeMap;

use pintle_object_model::{GroupResource, Scheme};

use super::ROOT;
use crate::Key;

/// Resources that are kept under another name than their own, some with a second part.
const RENAMED: [(&str, &str, &str); 5] = [
    ("minions/", "", "nodes"),
    ("services/specs/", "", "services"),
    ("services/endpoints/", "", "endpoints"),
    ("controllers/", "", "replicationcontrollers"),
    ("ingress/", "networking.k8s.io", "ingresses"),
];

pub(super) struct Layout {
    /// Groups of the resources whose keys do not name them.
    groups: BTreeMap<&'static str, &'static str>,
}

impl Layout {
    pub(super) fn new(scheme: &Scheme) -> Self {
        let mut groups = BTreeMap::new();
        for info in scheme.kinds().filter(|kind| kind.is_hub()).map(|kind| kind.info()) {
            // Where two groups have the resource (`events`), the older one is what is stored.
            let group = groups.entry(info.plural).or_insert(info.group);
            if info.group < *group {
                *group = info.group;
            }
        }
        Self { groups }
    }

    /// The resource; `None` for a key that is no object's.
    pub(super) fn resource(&self, key: &Key) -> Option<GroupResource> {
        let path = key.as_str().strip_prefix(ROOT)?;
        if let Some((_, group, resource)) = RENAMED.iter().find(|(prefix, ..)| path.starts_with(prefix)) {
            return Some(GroupResource::new(*group, *resource));
        }
        let (first, rest) = path.split_once('/')?;
        // Groups of custom resources have a dot, resources have none.
        if first.contains('.') {
            return Some(GroupResource::new(first, rest.split_once('/')?.0));
        }
        self.groups.get(first).map(|group| GroupResource::new(*group, first))
    }
}
