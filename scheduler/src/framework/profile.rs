//! A profile: the plugins that decide about the pods of one `schedulerName`.

use std::sync::Arc;

use super::{
    Bind, EnqueueExtensions, Filter, Permit, PostBind, PostFilter, PreBind, PreEnqueue, PreFilter, PreScore, QueueSort,
    Reserve, Score,
};

/// The plugins of one scheduler name, in the order in which they are asked.
#[derive(Clone)]
pub struct Profile {
    pub(crate) scheduler_name: String,
    pub(crate) percentage_of_nodes_to_score: Option<u32>,
    pub(crate) pre_enqueue: Vec<Arc<dyn PreEnqueue>>,
    pub(crate) queue_sort: Option<Arc<dyn QueueSort>>,
    pub(crate) pre_filter: Vec<Arc<dyn PreFilter>>,
    pub(crate) filter: Vec<Arc<dyn Filter>>,
    pub(crate) post_filter: Vec<Arc<dyn PostFilter>>,
    pub(crate) pre_score: Vec<Arc<dyn PreScore>>,
    pub(crate) score: Vec<(Arc<dyn Score>, i64)>,
    pub(crate) reserve: Vec<Arc<dyn Reserve>>,
    pub(crate) permit: Vec<Arc<dyn Permit>>,
    pub(crate) pre_bind: Vec<Arc<dyn PreBind>>,
    pub(crate) bind: Vec<Arc<dyn Bind>>,
    pub(crate) post_bind: Vec<Arc<dyn PostBind>>,
    pub(crate) enqueue: Vec<Arc<dyn EnqueueExtensions>>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile")
            .field("scheduler_name", &self.scheduler_name)
            .field("filter", &self.filter.iter().map(|plugin| plugin.name()).collect::<Vec<_>>())
            .field("score", &self.score.iter().map(|(plugin, weight)| (plugin.name(), *weight)).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Profile {
    /// A profile without plugins, to add to.
    pub fn empty(scheduler_name: &str) -> ProfileBuilder {
        ProfileBuilder {
            profile: Self {
                scheduler_name: scheduler_name.to_owned(),
                percentage_of_nodes_to_score: None,
                pre_enqueue: vec![],
                queue_sort: None,
                pre_filter: vec![],
                filter: vec![],
                post_filter: vec![],
                pre_score: vec![],
                score: vec![],
                reserve: vec![],
                permit: vec![],
                pre_bind: vec![],
                bind: vec![],
                post_bind: vec![],
                enqueue: vec![],
            },
        }
    }

    /// A profile with the default plugins, to add to or take from.
    pub fn default_plugins(scheduler_name: &str) -> ProfileBuilder {
        crate::plugins::DefaultPlugins::default().profile(scheduler_name)
    }

    /// The scheduler name of its pods.
    pub fn scheduler_name(&self) -> &str {
        &self.scheduler_name
    }

    /// The plugins that look at the pod first, in order.
    pub fn pre_filters(&self) -> &[Arc<dyn PreFilter>] {
        &self.pre_filter
    }

    /// The plugins that look at the feasible nodes together, in order.
    pub fn pre_scores(&self) -> &[Arc<dyn PreScore>] {
        &self.pre_score
    }

    /// The filters, in order.
    pub fn filters(&self) -> &[Arc<dyn Filter>] {
        &self.filter
    }

    /// The scores with their weights, in order.
    pub fn scores(&self) -> &[(Arc<dyn Score>, i64)] {
        &self.score
    }
}

/// Puts a profile together. A plugin is added at each extension point that it implements.
#[derive(Clone, Debug)]
pub struct ProfileBuilder {
    profile: Profile,
}

macro_rules! adders {
    ($($(#[$doc:meta])* $name:ident: $point:ident,)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, plugin: Arc<dyn $point>) -> Self {
            self.profile.$name.push(plugin);
            self
        })*
    };
}

impl ProfileBuilder {
    adders! {
        /// Adds a plugin that is asked before a pod enters the queue.
        pre_enqueue: PreEnqueue,
        /// Adds a plugin that looks at the pod before the nodes.
        pre_filter: PreFilter,
        /// Adds a plugin that rules out nodes.
        filter: Filter,
        /// Adds a plugin that is asked when no node fits.
        post_filter: PostFilter,
        /// Adds a plugin that looks at the feasible nodes together.
        pre_score: PreScore,
        /// Adds a plugin that is told when a node is chosen.
        reserve: Reserve,
        /// Adds a plugin that may hold back the binding.
        permit: Permit,
        /// Adds a plugin that works before the binding.
        pre_bind: PreBind,
        /// Adds a plugin that binds.
        bind: Bind,
        /// Adds a plugin that is told of bindings.
        post_bind: PostBind,
        /// Adds a plugin that knows which changes matter to its rejections.
        enqueue: EnqueueExtensions,
    }

    /// Adds a plugin that ranks nodes; its scores are multiplied by `weight`.
    #[must_use]
    pub fn score(mut self, plugin: Arc<dyn Score>, weight: i64) -> Self {
        self.profile.score.push((plugin, weight));
        self
    }

    /// Sets the order of the queue. The first profile's counts for all.
    #[must_use]
    pub fn queue_sort(mut self, plugin: Arc<dyn QueueSort>) -> Self {
        self.profile.queue_sort = Some(plugin);
        self
    }

    /// Share of the nodes that must be found feasible before scoring starts, 1 to 100; by default it depends on the size
    /// of the cluster.
    #[must_use]
    pub fn percentage_of_nodes_to_score(mut self, percent: u32) -> Self {
        self.profile.percentage_of_nodes_to_score = Some(percent.clamp(1, 100));
        self
    }

    /// Takes a plugin out at every extension point.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        let profile = &mut self.profile;
        profile.pre_enqueue.retain(|plugin| plugin.name() != name);
        profile.pre_filter.retain(|plugin| plugin.name() != name);
        profile.filter.retain(|plugin| plugin.name() != name);
        profile.post_filter.retain(|plugin| plugin.name() != name);
        profile.pre_score.retain(|plugin| plugin.name() != name);
        profile.score.retain(|(plugin, _)| plugin.name() != name);
        profile.reserve.retain(|plugin| plugin.name() != name);
        profile.permit.retain(|plugin| plugin.name() != name);
        profile.pre_bind.retain(|plugin| plugin.name() != name);
        profile.bind.retain(|plugin| plugin.name() != name);
        profile.post_bind.retain(|plugin| plugin.name() != name);
        profile.enqueue.retain(|plugin| plugin.name() != name);
        self
    }

    /// The profile.
    pub fn build(self) -> Profile {
        self.profile
    }
}
