//! Which nodes have which images.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pintle_object_model::api::core::v1::ContainerImage;

use super::NodeIndex;

#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    nodes: HashMap<Arc<str>, BTreeMap<NodeIndex, i64>>,
    of: HashMap<NodeIndex, Vec<Arc<str>>>,
}

impl Images {
    pub(super) fn nodes(&self, name: &str) -> Option<&BTreeMap<NodeIndex, i64>> {
        self.nodes.get(name)
    }

    pub(super) fn set(&mut self, node: NodeIndex, images: &[ContainerImage]) {
        for name in self.of.remove(&node).unwrap_or_default() {
            if let Some(nodes) = self.nodes.get_mut(&name) {
                nodes.remove(&node);
                if nodes.is_empty() {
                    self.nodes.remove(&name);
                }
            }
        }
        let mut names = vec![];
        for image in images {
            for name in &image.names {
                let name: Arc<str> = Arc::from(name.as_str());
                self.nodes.entry(Arc::clone(&name)).or_default().insert(node, image.size_bytes);
                names.push(name);
            }
        }
        if !names.is_empty() {
            self.of.insert(node, names);
        }
    }
}

/// An image name as nodes report it: with a tag, `latest` if the pod names none.
pub(crate) fn normalized_image(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}
