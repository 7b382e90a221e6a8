//! `ImageLocality`: prefers nodes that have the pod's images already.

use crate::snapshot::normalized_image;
use crate::{Cycle, CycleState, MAX_NODE_SCORE, NodeIndex, NodeView, Plugin, Score};

const MEBIBYTE: i64 = 1024 * 1024;
/// Less than this is not worth a preference.
const BYTES_MIN: i64 = 23 * MEBIBYTE;
/// More than this per container makes no further difference.
const BYTES_MAX_PER_CONTAINER: i64 = 1000 * MEBIBYTE;

/// Scores by the bytes that need not be pulled, each image weighted by the share of nodes that have it (so that a rarely
/// spread image does not draw all pods to one node).
#[derive(Clone, Copy, Debug, Default)]
pub struct ImageLocality;

/// Scores for all nodes that have any of the pod's images.
fn sums(cycle: Cycle<'_>) -> Sums<'_> {
    let spec = &cycle.pod.pod().spec;
    let containers = spec.init_containers.iter().chain(&spec.containers);
    let total = cycle.snapshot.len().max(1) as i64;
    let images = containers
        .filter_map(|container| cycle.snapshot.image(&normalized_image(&container.image)))
        .map(|nodes| (nodes, nodes.len() as i64, total))
        .collect();
    Sums { images, containers: (spec.init_containers.len() + spec.containers.len()) as i64 }
}

struct Sums<'a> {
    images: Vec<(&'a std::collections::BTreeMap<NodeIndex, i64>, i64, i64)>,
    containers: i64,
}

impl Sums<'_> {
    fn score(&self, node: NodeIndex) -> i64 {
        let bytes: i64 = self
            .images
            .iter()
            .filter_map(|(nodes, having, total)| {
                let size = *nodes.get(&node)?;
                Some((size as f64 * (*having as f64 / *total as f64)) as i64)
            })
            .sum();
        let most = BYTES_MAX_PER_CONTAINER * self.containers.max(1);
        MAX_NODE_SCORE * (bytes.clamp(BYTES_MIN, most) - BYTES_MIN) / (most - BYTES_MIN)
    }
}

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }
}

impl Score for ImageLocality {
    fn score(&self, cycle: Cycle<'_>, _state: &CycleState, node: NodeView<'_>) -> i64 {
        sums(cycle).score(node.index())
    }

    fn score_nodes(&self, cycle: Cycle<'_>, _state: &CycleState, nodes: &[NodeIndex], scores: &mut [i64]) {
        let sums = sums(cycle);
        if sums.images.is_empty() {
            scores.fill(0);
            return;
        }
        for (node, score) in nodes.iter().zip(scores) {
            *score = sums.score(*node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{node, pod, score, snapshot_of};
    use pintle_object_model::api::core::v1::ContainerImage;

    #[test]
    fn large_images_that_are_there_draw_pods() {
        let with = |name: &str, image: &str, mebibytes: i64| {
            let mut node = node(name);
            node.status.images = vec![ContainerImage { names: vec![image.into()], size_bytes: mebibytes * MEBIBYTE }];
            node
        };
        let snapshot = snapshot_of([
            with("a", "registry.example/image:latest", 1000),
            with("b", "registry.example/image:v2", 1000),
            with("c", "registry.example/image:latest", 20),
        ]);
        let mut pod = pod("p");
        pod.spec.containers[0].image = "registry.example/image".into();
        // Two of three nodes have it: 666 of 1000 MiB count; the small copy is below the threshold.
        assert_eq!(score(&snapshot, &pod, &ImageLocality), [65, 0, 0]);
    }
}
