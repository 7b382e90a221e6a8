//! The decision for one pod: filter, score, choose; or say why not, and what could be done about it.
//!
//! Nodes are looked at in blocks, starting where the last decision stopped, until enough feasible ones are found; whole-
//! snapshot filters shrink the set of a block one after the other, and who took a node out is asked for its reason only if
//! no node is left in the end. Nodes that have been promised to other pods are judged one by one, with and without those.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use pintle_object_model::clock::Random;

use super::{
    Cycle, CycleState, Diagnosis, MAX_NODE_SCORE, Nominator, PostFilterAttempt, PostFilterOutcome, PreFilterOutcome,
    PreScoreOutcome, Preemption, Profile, Rejection, Verdict,
};
use crate::{NodeIndex, NodeOverlay, NodeSet, NodeView, PodInfo, Snapshot};

/// Fewer nodes than this are always all looked at.
const FEASIBLE_MIN: usize = 100;
/// The share that is looked at never falls below this, in percent.
const PERCENTAGE_MIN: usize = 5;

/// Where the next decision starts to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(usize);

/// A node has been chosen.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Its place in the snapshot.
    pub index: NodeIndex,
    /// Its name.
    pub node: String,
    /// How many nodes were looked at.
    pub evaluated: usize,
    /// How many of them fit.
    pub feasible: usize,
    /// What the plugins remember of this cycle.
    pub state: CycleState,
}

/// What was decided about a pod.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It should run here.
    Place(Box<Placement>),
    /// It fits nowhere.
    Unschedulable {
        /// Why.
        diagnosis: Box<Diagnosis>,
        /// How room can be made.
        preemption: Option<Preemption>,
        /// An earlier nomination of this pod has become pointless.
        clear_nomination: bool,
    },
}

/// The nodes that PreFilter left over.
enum Candidates {
    All,
    Some(Vec<NodeIndex>),
}

/// Feasible nodes, or who took out which.
#[derive(Default)]
struct Search {
    feasible: Vec<NodeIndex>,
    evaluated: usize,
    /// By filter: the nodes that it took out.
    taken_out: Vec<(usize, NodeSet)>,
    /// Nodes that were judged one by one.
    judged: Vec<(NodeIndex, &'static str, Rejection)>,
}

impl Profile {
    /// Decides about one pod. `cursor` moves on, so that successive decisions look at different nodes of a large cluster.
    pub fn schedule_one(
        &self,
        snapshot: &Snapshot,
        pod: &Arc<PodInfo>,
        nominator: &Nominator,
        cursor: &mut Cursor,
        random: &Random,
    ) -> Decision {
        let cycle = Cycle { snapshot, pod };
        let mut state = CycleState::default();
        let mut diagnosis = Diagnosis { nodes: snapshot.len(), ..Diagnosis::default() };
        let candidates = match self.run_pre_filters(cycle, &mut state, &mut diagnosis) {
            Ok(candidates) => candidates,
            Err(rejection) => {
                diagnosis.pre_filter = Some(rejection);
                return self.give_up(cycle, &state, diagnosis, nominator, random);
            }
        };
        let search = self.search(cycle, &state, &candidates, nominator, cursor);
        if search.feasible.is_empty() {
            self.explain(cycle, &state, search, &mut diagnosis);
            return self.give_up(cycle, &state, diagnosis, nominator, random);
        }
        let index = self.choose(cycle, &mut state, &search.feasible, random);
        let node = snapshot.view(index).map(|node| node.name().to_owned()).unwrap_or_default();
        let (evaluated, feasible) = (search.evaluated, search.feasible.len());
        Decision::Place(Box::new(Placement { index, node, evaluated, feasible, state }))
    }

    fn run_pre_filters(
        &self,
        cycle: Cycle<'_>,
        state: &mut CycleState,
        diagnosis: &mut Diagnosis,
    ) -> Result<Candidates, Rejection> {
        let mut allowed: Option<BTreeSet<String>> = None;
        let mut restricting: Vec<&'static str> = vec![];
        for plugin in &self.pre_filter {
            match plugin.pre_filter(cycle, state) {
                PreFilterOutcome::Continue => {}
                PreFilterOutcome::Skip => state.skip_filter(plugin.name()),
                PreFilterOutcome::Nodes(nodes) => {
                    restricting.push(plugin.name());
                    allowed = Some(match allowed {
                        None => nodes,
                        Some(before) => before.intersection(&nodes).cloned().collect(),
                    });
                }
                PreFilterOutcome::Reject(rejection) => {
                    diagnosis.plugins.insert(plugin.name());
                    return Err(rejection);
                }
            }
        }
        let Some(names) = allowed else { return Ok(Candidates::All) };
        diagnosis.plugins.extend(&restricting);
        restricting.sort_unstable();
        let text = format!("node(s) didn't satisfy plugin(s) [{}]", restricting.join(" "));
        if names.is_empty() {
            let text = match restricting.as_slice() {
                [one] => format!("node(s) didn't satisfy plugin {one}"),
                _ => format!("node(s) didn't satisfy plugin(s) [{}] simultaneously", restricting.join(" ")),
            };
            return Err(Rejection::unresolvable(text));
        }
        diagnosis.absent = Some(Rejection::unresolvable(text));
        Ok(Candidates::Some(names.iter().filter_map(|name| cycle.snapshot.index_of(name)).collect()))
    }

    /// How many feasible nodes are enough.
    fn enough(&self, nodes: usize) -> usize {
        if nodes < FEASIBLE_MIN {
            return nodes;
        }
        let percentage = match self.percentage_of_nodes_to_score {
            Some(percentage) => percentage as usize,
            None => 50usize.saturating_sub(nodes / 125).max(PERCENTAGE_MIN),
        };
        (nodes * percentage / 100).max(FEASIBLE_MIN).min(nodes)
    }

    fn search(
        &self,
        cycle: Cycle<'_>,
        state: &CycleState,
        candidates: &Candidates,
        nominator: &Nominator,
        cursor: &mut Cursor,
    ) -> Search {
        let snapshot = cycle.snapshot;
        let mut search = Search::default();
        let promised = promised_nodes(snapshot, cycle.pod, nominator);
        // A pod that was promised a node goes there if it can, without a look at the others.
        if let Some(view) = nominator.node_of(cycle.pod.uid()).and_then(|name| snapshot.node(name)) {
            let comes_into_question = match candidates {
                Candidates::All => true,
                Candidates::Some(nodes) => nodes.contains(&view.index()),
            };
            if comes_into_question && self.judge(cycle, state, view, nominator).is_ok() {
                search.feasible.push(view.index());
                search.evaluated = 1;
                return search;
            }
        }
        match candidates {
            Candidates::Some(nodes) => {
                let mut block: NodeSet = nodes.iter().copied().collect();
                search.evaluated = block.len();
                self.filter_block(cycle, state, &mut block, &promised, nominator, &mut search);
                search.feasible.extend(block.iter());
            }
            Candidates::All => self.search_all(cycle, state, &promised, nominator, cursor, &mut search),
        }
        search
    }

    fn search_all(
        &self,
        cycle: Cycle<'_>,
        state: &CycleState,
        promised: &NodeSet,
        nominator: &Nominator,
        cursor: &mut Cursor,
        search: &mut Search,
    ) {
        let slots = cycle.snapshot.slots();
        let enough = self.enough(cycle.snapshot.len());
        let start = if cursor.0 < slots { cursor.0 } else { 0 };
        let mut next = start;
        'ranges: for (mut from, end) in [(start, slots), (0, start)] {
            while from < end {
                // Blocks are cut at word boundaries and are a little larger than what is still missing.
                let missing = enough - search.feasible.len();
                let to = ((from + missing + missing / 4 + 64) / 64 * 64).min(end);
                let before = NodeSet::window(cycle.snapshot.live(), from, to);
                let mut block = before.clone();
                self.filter_block(cycle, state, &mut block, promised, nominator, search);
                search.feasible.extend(block.iter().take(missing));
                if search.feasible.len() >= enough {
                    let last = search.feasible.last().map_or(to, |node| node.index() + 1);
                    search.evaluated += before.iter().take_while(|node| node.index() < last).count();
                    next = last;
                    break 'ranges;
                }
                search.evaluated += before.len();
                from = to;
            }
        }
        cursor.0 = if next >= slots { 0 } else { next };
    }

    /// Shrinks a block to what fits, and remembers who took out what.
    fn filter_block(
        &self,
        cycle: Cycle<'_>,
        state: &CycleState,
        block: &mut NodeSet,
        promised: &NodeSet,
        nominator: &Nominator,
        search: &mut Search,
    ) {
        let mut one_by_one = block.clone();
        one_by_one.intersect(promised);
        block.subtract(promised);
        for (number, plugin) in self.filter.iter().enumerate() {
            if state.skips_filter(plugin.name()) {
                continue;
            }
            let mut taken_out = block.clone();
            plugin.filter_nodes(cycle, state, block);
            taken_out.subtract(block);
            if !taken_out.is_empty() {
                search.taken_out.push((number, taken_out));
            }
            if block.is_empty() {
                break;
            }
        }
        for view in one_by_one.iter().filter_map(|index| cycle.snapshot.view(index)) {
            match self.judge(cycle, state, view, nominator) {
                Ok(()) => block.insert(view.index()),
                Err((plugin, rejection)) => search.judged.push((view.index(), plugin, rejection)),
            }
        }
    }

    /// Does the pod fit beside the pods that the node was promised to, and also without them (they may never come)?
    pub(crate) fn judge(
        &self,
        cycle: Cycle<'_>,
        state: &CycleState,
        node: NodeView<'_>,
        nominator: &Nominator,
    ) -> Result<(), (&'static str, Rejection)> {
        let promised = promised_pods(cycle.pod, nominator.pods_on(node.name()));
        let mut beside = None;
        for other in promised {
            let (state, overlay) = beside.get_or_insert_with(|| (state.clone(), NodeOverlay::new(node)));
            overlay.add(Arc::clone(other));
            for plugin in &self.pre_filter {
                plugin.add_pod(cycle, state, other, node);
            }
        }
        if let Some((state, overlay)) = &beside {
            self.run_filters(cycle, state, node.with_overlay(overlay))?;
        }
        self.run_filters(cycle, state, node)
    }

    /// Asks the filters about one node, in order, until one rejects.
    pub(crate) fn run_filters(
        &self,
        cycle: Cycle<'_>,
        state: &CycleState,
        node: NodeView<'_>,
    ) -> Result<(), (&'static str, Rejection)> {
        for plugin in &self.filter {
            if state.skips_filter(plugin.name()) {
                continue;
            }
            if let Verdict::Rejects(rejection) = plugin.filter(cycle, state, node) {
                return Err((plugin.name(), rejection));
            }
        }
        Ok(())
    }

    /// Asks those who took nodes out for their reasons.
    fn explain(&self, cycle: Cycle<'_>, state: &CycleState, search: Search, diagnosis: &mut Diagnosis) {
        for (number, nodes) in &search.taken_out {
            let plugin = &self.filter[*number];
            diagnosis.plugins.insert(plugin.name());
            for view in nodes.iter().filter_map(|index| cycle.snapshot.view(index)) {
                let rejection = match plugin.filter(cycle, state, view) {
                    Verdict::Rejects(rejection) => rejection,
                    // The two methods of a plugin disagree: its bug, but the pod still needs a reason.
                    Verdict::Fits => {
                        Rejection::resolvable(Cow::Owned(format!("node(s) rejected by {}", plugin.name())))
                    }
                };
                diagnosis.rejections.insert(view.index(), rejection);
            }
        }
        for (index, plugin, rejection) in search.judged {
            diagnosis.plugins.insert(plugin);
            diagnosis.rejections.insert(index, rejection);
        }
    }

    fn give_up(
        &self,
        cycle: Cycle<'_>,
        state: &CycleState,
        mut diagnosis: Diagnosis,
        nominator: &Nominator,
        random: &Random,
    ) -> Decision {
        let mut clear_nomination = false;
        let mut messages = vec![];
        if cycle.snapshot.is_empty() {
            return Decision::Unschedulable { diagnosis: Box::new(diagnosis), preemption: None, clear_nomination };
        }
        for plugin in &self.post_filter {
            let attempt = PostFilterAttempt { cycle, state, diagnosis: &diagnosis, nominator, profile: self, random };
            match plugin.post_filter(&attempt) {
                PostFilterOutcome::Nominate(preemption) => {
                    let diagnosis = Box::new(diagnosis);
                    return Decision::Unschedulable {
                        diagnosis,
                        preemption: Some(preemption),
                        clear_nomination: false,
                    };
                }
                PostFilterOutcome::Nothing { message, clear_nomination: clear } => {
                    clear_nomination |= clear;
                    messages.extend(Some(message).filter(|message| !message.is_empty()));
                }
            }
        }
        diagnosis.post_filter = messages;
        Decision::Unschedulable { diagnosis: Box::new(diagnosis), preemption: None, clear_nomination }
    }

    /// The best of the feasible nodes; chance decides among equals.
    fn choose(&self, cycle: Cycle<'_>, state: &mut CycleState, nodes: &[NodeIndex], random: &Random) -> NodeIndex {
        if let [only] = nodes {
            return *only;
        }
        let totals = self.totals(cycle, state, nodes);
        let best = totals.iter().max().copied().unwrap_or_default();
        let count = totals.iter().filter(|total| **total == best).count();
        let pick = random.below(count as u64) as usize;
        let equals = nodes.iter().zip(&totals).filter(|(_, total)| **total == best);
        equals.map(|(node, _)| *node).nth(pick).unwrap_or(nodes[0])
    }

    /// The weighted sums of all scores, in the order of the nodes.
    pub fn totals(&self, cycle: Cycle<'_>, state: &mut CycleState, nodes: &[NodeIndex]) -> Vec<i64> {
        for plugin in &self.pre_score {
            if plugin.pre_score(cycle, state, nodes) == PreScoreOutcome::Skip {
                state.skip_score(plugin.name());
            }
        }
        let mut totals = vec![0; nodes.len()];
        let mut scores = vec![0; nodes.len()];
        for (plugin, weight) in &self.score {
            if state.skips_score(plugin.name()) {
                continue;
            }
            plugin.score_nodes(cycle, state, nodes, &mut scores);
            plugin.normalize(cycle, state, nodes, &mut scores);
            for (total, score) in totals.iter_mut().zip(&scores) {
                *total += weight * (*score).clamp(0, MAX_NODE_SCORE);
            }
        }
        totals
    }
}

fn promised_pods<'a>(pod: &'a PodInfo, pods: &'a [Arc<PodInfo>]) -> impl Iterator<Item = &'a Arc<PodInfo>> {
    pods.iter().filter(|other| other.priority() >= pod.priority() && other.uid() != pod.uid())
}

fn promised_nodes(snapshot: &Snapshot, pod: &PodInfo, nominator: &Nominator) -> NodeSet {
    nominator
        .nodes()
        .filter(|name| promised_pods(pod, nominator.pods_on(name)).next().is_some())
        .filter_map(|name| snapshot.index_of(name))
        .collect()
}
