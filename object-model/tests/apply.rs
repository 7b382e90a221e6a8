//! Server-side apply through the public face of `patch`.
//!
//! Aim: the promises of apply hold for all configurations (repeating changes nothing, independent appliers do not see
//! each other, taking back restores), and each rule of the API has its case. Method: an object in memory to which
//! configurations are applied as the API server does it, without defaults and validation.

use std::collections::BTreeSet;

use pintle_object_model::api::apps::v1::Deployment;
use pintle_object_model::api::core::v1::ConfigMap;
use pintle_object_model::api::meta::v1::ManagedFieldsEntry;
use pintle_object_model::json::{DecodeOptions, decode_kind};
use pintle_object_model::patch::{
    Application, ApplyError, Comparison, Element, FieldSet, ManagedFields, Node, SchemeVersions, Writer, apply,
    compare, fields_of,
};
use pintle_object_model::reflect::StaticSchema;
use pintle_object_model::{AnyResource, GroupVersionKind, KindInfo, Scheme, Time};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The fields that the main resource of a kind with a status does not change.
fn ignored(info: &KindInfo) -> FieldSet {
    if info.has("status") { FieldSet::of_fields([&["status"][..]]) } else { FieldSet::new() }
}

struct World {
    scheme: Scheme,
    object: Option<Box<dyn AnyResource>>,
    now: i64,
    force: bool,
}

impl World {
    fn new() -> Self {
        Self { scheme: Scheme::builtin(), object: None, now: 0, force: false }
    }

    fn forced(mut self) -> Self {
        self.force = true;
        self
    }

    /// Applies; answers whether the object changed.
    fn apply(&mut self, manager: &str, config: &Value) -> Result<bool, ApplyError> {
        self.now += 1;
        let text = |name: &str| config[name].as_str().unwrap();
        let gvk = GroupVersionKind::parse(text("apiVersion"), text("kind"));
        let entry = self.scheme.kind(&gvk).unwrap();
        let base = match &self.object {
            Some(object) => {
                let hub = self.scheme.to_hub(object.clone_box()).unwrap();
                self.scheme.from_hub(hub, &gvk).unwrap()
            }
            None => entry.create(),
        };
        let tree = Node::of(base.as_struct()).to_tree();
        let api_version = gvk.api_version();
        let applied = apply(&Application {
            live: &tree,
            exists: self.object.is_some(),
            config,
            managed: &base.metadata().managed_fields,
            writer: Writer { manager, api_version: &api_version, subresource: "", now: Time::from_unix(self.now) },
            schema: entry.schema(),
            force: self.force,
            versions: &SchemeVersions { scheme: &self.scheme, entry, ignored: &ignored },
        })?;
        let changed = applied.object.is_some();
        let mut object = match applied.object {
            Some(tree) => {
                let mut object = entry.create();
                let text = serde_json::to_vec(&tree).unwrap();
                decode_kind(&text, object.as_struct_mut(), &DecodeOptions::default()).unwrap();
                object
            }
            None => base,
        };
        object.metadata_mut().managed_fields = applied.managed;
        self.object = Some(object);
        Ok(changed)
    }

    /// Updates the object as a whole, at the version that it has.
    fn update(&mut self, manager: &str, edit: impl FnOnce(&mut Value)) {
        self.now += 1;
        let old = self.object.take().unwrap();
        let mut tree = Node::of(old.as_struct()).to_tree();
        edit(&mut tree);
        let entry = self.scheme.kind(&old.info().gvk()).unwrap();
        let mut new = entry.create();
        decode_kind(&serde_json::to_vec(&tree).unwrap(), new.as_struct_mut(), &DecodeOptions::default()).unwrap();
        let comparison = compare(Node::of(old.as_struct()), Node::of(new.as_struct()), entry.schema());
        let mut managed = ManagedFields::of_update(&[], &old.metadata().managed_fields, "");
        let api_version = old.info().api_version();
        let writer = Writer { manager, api_version: &api_version, subresource: "", now: Time::from_unix(self.now) };
        managed.update(&writer, comparison, false, &mut |_| None);
        new.metadata_mut().managed_fields = managed.encode();
        self.object = Some(new);
    }

    fn tree(&self) -> Value {
        Node::of(self.object.as_ref().unwrap().as_struct()).to_tree()
    }

    fn entries(&self) -> &[ManagedFieldsEntry] {
        &self.object.as_ref().unwrap().metadata().managed_fields
    }

    /// What each manager owns.
    fn owned(&self) -> Vec<String> {
        let show = |entry: &ManagedFieldsEntry| {
            let fields = entry.fields_v1.clone().unwrap_or_default();
            format!("{} {} {}", entry.manager, entry.operation, String::from_utf8_lossy(fields.text()))
        };
        self.entries().iter().map(show).collect()
    }
}

fn config_map(members: Value) -> Value {
    let mut config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    merge(&mut config, members);
    config
}

fn deployment(members: Value) -> Value {
    let mut config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}});
    merge(&mut config, members);
    config
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn conflicts(error: ApplyError) -> Vec<String> {
    match error {
        ApplyError::Conflicts(list) => list.into_iter().map(|c| format!("{}: {}", c.manager, c.path)).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn the_same_again_changes_nothing() {
    let mut world = World::new();
    assert!(world.apply("m1", &config_map(json!({"data": {"k": "v"}}))).unwrap());
    let before = world.entries().to_vec();
    assert!(!world.apply("m1", &config_map(json!({"data": {"k": "v"}}))).unwrap());
    assert_eq!(world.entries(), before);
}

#[test]
fn what_is_no_longer_applied_goes_unless_shared() {
    let mut world = World::new();
    world.apply("m1", &config_map(json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "data": {"k": "v"}}))).unwrap();
    assert!(world.apply("m2", &config_map(json!({"metadata": {"labels": {"b": "2", "c": "3"}}}))).unwrap());
    world.apply("m1", &config_map(json!({"metadata": {"labels": {"a": "1"}}}))).unwrap();
    assert_eq!(world.tree()["metadata"]["labels"], json!({"a": "1", "b": "2", "c": "3"}));
    assert_eq!(world.tree().get("data"), None);
    world.apply("m2", &config_map(json!({}))).unwrap();
    assert_eq!(world.tree()["metadata"]["labels"], json!({"a": "1"}));
    assert_eq!(world.owned(), [r#"m1 Apply {"f:metadata":{"f:labels":{"f:a":{}}}}"#]);
    // The last of what there was: the name stays.
    world.apply("m1", &config_map(json!({}))).unwrap();
    assert_eq!(world.tree()["metadata"]["name"], "a");
    assert_eq!(world.owned(), [""; 0]);
}

#[test]
fn others_fields_conflict_unless_the_value_is_the_same_or_forced() {
    let mut world = World::new();
    world.apply("m1", &config_map(json!({"data": {"k": "1", "l": "1"}}))).unwrap();
    let error = world.apply("m2", &config_map(json!({"data": {"k": "2", "l": "1"}}))).unwrap_err();
    assert_eq!(conflicts(error), ["\"m1\": .data.k"]);
    // Sharing changes nothing about the object, and so has no time.
    assert!(!world.apply("m2", &config_map(json!({"data": {"k": "1"}}))).unwrap());
    assert_eq!(world.entries()[0].manager, "m2");
    assert_eq!(world.entries()[0].time, None);
    let mut world = world.forced();
    world.apply("m2", &config_map(json!({"data": {"k": "2"}}))).unwrap();
    assert_eq!(world.owned(), [r#"m1 Apply {"f:data":{"f:l":{}}}"#, r#"m2 Apply {"f:data":{"f:k":{}}}"#]);
}

#[test]
fn updates_take_fields_from_appliers() {
    let mut world = World::new();
    world.apply("m1", &config_map(json!({"data": {"k": "1", "l": "1"}}))).unwrap();
    world.update("p1", |tree| tree["data"]["k"] = json!("2"));
    assert_eq!(world.owned(), [r#"m1 Apply {"f:data":{"f:l":{}}}"#, r#"p1 Update {"f:data":{"f:k":{}}}"#]);
    let error = world.apply("m1", &config_map(json!({"data": {"k": "1", "l": "1"}}))).unwrap_err();
    assert_eq!(conflicts(error), ["\"p1\" using v1: .data.k"]);
}

#[test]
fn what_was_there_before_the_first_apply_has_a_manager() {
    let mut world = World::new();
    let mut object = ConfigMap::default();
    object.metadata.name = "a".into();
    object.data.insert("k".into(), "1".into());
    world.object = Some(Box::new(object));
    let error = world.apply("m1", &config_map(json!({"data": {"k": "2"}}))).unwrap_err();
    assert_eq!(conflicts(error), ["\"before-first-apply\" using v1: .data.k"]);
    world.apply("m1", &config_map(json!({"data": {"l": "2"}}))).unwrap();
    assert_eq!(
        world.owned(),
        [r#"m1 Apply {"f:data":{"f:l":{}}}"#, r#"before-first-apply Update {"f:data":{".":{},"f:k":{}}}"#]
    );
}

#[test]
fn kubectl_takes_over_what_it_applied_on_the_clients_side() {
    let last = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\",\"l\":\"1\"}}";
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let start = || {
        let mut world = World::new();
        world.apply("other", &config_map(json!({}))).unwrap();
        world.object.as_mut().unwrap().metadata_mut().managed_fields = ManagedFieldsEntry::default_owner();
        world.update("kubectl-client-side-apply", |tree| {
            tree["data"] = json!({"k": "1", "l": "1"});
            tree["metadata"]["annotations"] = json!({annotation: last});
        });
        world
    };
    let config = config_map(json!({"data": {"k": "2", "l": "1"}}));
    // Only for kubectl,
    assert_eq!(conflicts(start().apply("m1", &config).unwrap_err()).len(), 1);
    let mut world = start();
    world.apply("kubectl", &config).unwrap();
    assert_eq!(world.tree()["data"]["k"], "2");
    // whose annotation follows,
    let text = world.tree()["metadata"]["annotations"][annotation].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), config);
    assert!(text.ends_with('\n'));
    // and only where nobody has changed the value since.
    let mut world = start();
    world.update("editor", |tree| tree["data"]["k"] = json!("3"));
    assert_eq!(conflicts(world.apply("kubectl", &config).unwrap_err()), ["\"editor\" using v1: .data.k"]);
}

/// An owner of nothing that matters: objects without any managers are not tracked.
trait DefaultOwner {
    fn default_owner() -> Vec<ManagedFieldsEntry>;
}
impl DefaultOwner for ManagedFieldsEntry {
    fn default_owner() -> Vec<ManagedFieldsEntry> {
        vec![ManagedFieldsEntry {
            manager: "x".into(),
            operation: "Update".into(),
            api_version: "v1".into(),
            fields_type: "FieldsV1".into(),
            fields_v1: Some(FieldSet::of_fields([&["immutable"][..]]).to_fields()),
            ..ManagedFieldsEntry::default()
        }]
    }
}

#[test]
fn the_status_is_not_owned_through_the_main_resource() {
    let mut world = World::new();
    world.apply("m1", &deployment(json!({"spec": {"replicas": 1}, "status": {"replicas": 7}}))).unwrap();
    assert_eq!(world.owned(), [r#"m1 Apply {"f:spec":{"f:replicas":{}}}"#]);
}

#[test]
fn managers_at_other_versions_are_judged_at_theirs() {
    let old = |members: Value| {
        let mut config = json!({"apiVersion": "extensions/v1beta1", "kind": "Deployment", "metadata": {"name": "d"}});
        merge(&mut config, members);
        config
    };
    let mut world = World::new();
    world.apply("m1", &deployment(json!({"spec": {"replicas": 1, "paused": true}}))).unwrap();
    let error = world.apply("m2", &old(json!({"spec": {"replicas": 2}}))).unwrap_err();
    assert_eq!(conflicts(error), ["\"m1\": .spec.replicas"]);
    world.apply("m2", &old(json!({"spec": {"replicas": 1, "minReadySeconds": 5}}))).unwrap();
    let versions: Vec<&str> = world.entries().iter().map(|entry| entry.api_version.as_str()).collect();
    assert_eq!(versions, ["apps/v1", "extensions/v1beta1"]);
    // The first applier lets go of what the second one still owns, at another version.
    world.apply("m1", &deployment(json!({"spec": {"paused": true}}))).unwrap();
    assert_eq!(world.tree()["spec"]["replicas"], 1);
    // And changes its own version, taking back what it owned at the old one.
    world.apply("m2", &deployment(json!({"spec": {"replicas": 1}}))).unwrap();
    assert_eq!(world.tree()["spec"].get("minReadySeconds"), None);
    assert_eq!(world.tree()["spec"]["replicas"], 1);
    assert!(world.entries().iter().all(|entry| entry.api_version == "apps/v1"));
}

#[test]
fn managed_fields_that_are_not_understood_stop_an_apply() {
    let mut world = World::new();
    world.apply("m1", &config_map(json!({"data": {"k": "1"}}))).unwrap();
    world.object.as_mut().unwrap().metadata_mut().managed_fields[0].fields_type = "X".into();
    let error = world.apply("m1", &config_map(json!({"data": {"k": "1"}}))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to decode managed fields: invalid fieldsType \"X\" in managed fields entry 0"
    );
}

/// Configurations of a deployment, out of a small space so that they meet often. `side` keeps two of them apart.
fn configurations(side: &'static str) -> impl Strategy<Value = Value> {
    let labels = prop::collection::btree_map("[a-c]", "[12]", 0..3);
    let env = prop::collection::btree_map("[A-C]", "[12]", 0..3);
    let containers = prop::collection::btree_map("[a-c]", (prop::option::of("[xy]"), env), 0..3);
    let finalizers = prop::collection::btree_set("[a-c]", 0..3);
    (labels, containers, finalizers, prop::option::of(1..3)).prop_map(
        move |(labels, containers, finalizers, number)| {
            let mut config = deployment(json!({}));
            if !labels.is_empty() {
                let labels: Vec<_> =
                    labels.into_iter().map(|(key, value)| (format!("{side}{key}"), json!(value))).collect();
                config["metadata"]["labels"] = Value::Object(labels.into_iter().collect());
            }
            if !finalizers.is_empty() {
                config["metadata"]["finalizers"] = finalizers.into_iter().map(|f| format!("{side}/{f}")).collect();
            }
            if !containers.is_empty() {
                let list: Vec<Value> = containers
                    .into_iter()
                    .map(|(name, (image, env))| {
                        let mut container = json!({"name": format!("{side}{name}")});
                        if let Some(image) = image {
                            container["image"] = json!(image);
                        }
                        if !env.is_empty() {
                            container["env"] = env.into_iter().map(|(n, v)| json!({"name": n, "value": v})).collect();
                        }
                        container
                    })
                    .collect();
                config["spec"] = json!({"template": {"spec": {"containers": list}}});
            }
            if let Some(number) = number {
                let field = if side == "l" { "replicas" } else { "minReadySeconds" };
                config["spec"][field] = json!(number);
            }
            config
        },
    )
}

/// Lists in an order of their own: two appliers do not agree on who comes first.
fn normal(tree: &Value) -> Value {
    match tree {
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(normal).collect();
            list.sort_by_key(ToString::to_string);
            Value::Array(list)
        }
        Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), normal(v))).collect()),
        other => other.clone(),
    }
}

fn typed(config: &Value) -> Deployment {
    let mut object = Deployment::default();
    decode_kind(&serde_json::to_vec(config).unwrap(), &mut object, &DecodeOptions::default()).unwrap();
    object
}

fn flat(set: &FieldSet) -> BTreeSet<String> {
    set.paths().into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn applying_twice_is_applying_once(first in configurations("l"), second in configurations("l")) {
        let mut world = World::new();
        world.apply("m", &first).unwrap();
        world.apply("m", &second).unwrap();
        let (tree, entries) = (world.tree(), world.entries().to_vec());
        prop_assert!(!world.apply("m", &second).unwrap());
        prop_assert_eq!(world.tree(), tree);
        prop_assert_eq!(world.entries(), entries);
    }

    #[test]
    fn the_latest_configuration_of_a_sole_applier_is_the_object(first in configurations("l"), second in configurations("l")) {
        let mut world = World::new();
        world.apply("m", &first).unwrap();
        world.apply("m", &second).unwrap();
        let mut fresh = World::new();
        fresh.apply("m", &second).unwrap();
        prop_assert_eq!(normal(&world.tree()), normal(&fresh.tree()));
        prop_assert_eq!(world.owned(), fresh.owned());
    }

    #[test]
    fn appliers_of_different_fields_commute(left in configurations("l"), right in configurations("r")) {
        let (mut one, mut other) = (World::new(), World::new());
        one.apply("l", &left).unwrap();
        one.apply("r", &right).unwrap();
        other.apply("r", &right).unwrap();
        other.apply("l", &left).unwrap();
        prop_assert_eq!(normal(&one.tree()), normal(&other.tree()));
        let sorted = |world: &World| world.owned().into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(sorted(&one), sorted(&other));
    }

    #[test]
    fn taking_everything_back_restores(left in configurations("l"), right in configurations("r")) {
        let mut world = World::new();
        world.apply("l", &left).unwrap();
        let (tree, entries) = (world.tree(), world.entries().to_vec());
        world.apply("r", &right).unwrap();
        world.apply("r", &deployment(json!({}))).unwrap();
        prop_assert_eq!(world.tree(), tree);
        prop_assert_eq!(world.entries(), entries);
    }

    #[test]
    fn force_always_gets_what_it_says(left in configurations("l"), right in configurations("l")) {
        let mut world = World::new().forced();
        world.apply("l", &left).unwrap();
        world.apply("r", &right).unwrap();
        // Everything that was said is there, with its value: applied once more, nothing happens.
        prop_assert!(!world.apply("r", &right).unwrap());
        let wanted = fields_of(Node::Json(&right), Deployment::static_schema());
        let there = fields_of(Node::Json(&world.tree()), Deployment::static_schema());
        let gone = flat(&wanted.difference(&there));
        prop_assert!(gone.iter().all(|path| path == ".apiVersion" || path == ".kind"), "{gone:?}");
    }

    #[test]
    fn typed_objects_and_trees_differ_alike(left in configurations("l"), right in configurations("l")) {
        let (left, right) = (typed(&left), typed(&right));
        let table = Deployment::static_schema();
        let views = compare(Node::of(&left), Node::of(&right), table);
        let (a, b) = (Node::of(&left).to_tree(), Node::of(&right).to_tree());
        prop_assert_eq!(&views, &compare(Node::Json(&a), Node::Json(&b), table));
        prop_assert_eq!(fields_of(Node::of(&left), table), fields_of(Node::Json(&a), table));
        prop_assert_eq!(views.is_same(), left == right);
        let Comparison { added, removed, modified } = compare(Node::of(&right), Node::of(&left), table);
        prop_assert_eq!((added, removed, modified), (views.removed, views.added, views.modified));
    }

    #[test]
    fn sets_behave_as_sets_of_paths(left in paths(), right in paths()) {
        let (a, b) = (flat(&left), flat(&right));
        prop_assert_eq!(flat(&left.clone().union(right.clone())), a.union(&b).cloned().collect::<BTreeSet<_>>());
        prop_assert_eq!(flat(&left.intersection(&right)), a.intersection(&b).cloned().collect::<BTreeSet<_>>());
        prop_assert_eq!(flat(&left.clone().difference(&right)), a.difference(&b).cloned().collect::<BTreeSet<_>>());
        prop_assert_eq!(left.len(), a.len());
        let text = left.to_fields();
        prop_assert_eq!(FieldSet::from_fields(&text).unwrap(), left);
    }
}

fn paths() -> impl Strategy<Value = FieldSet> {
    let element = prop_oneof![
        "[a-c]".prop_map(|name| Element::Field(name.into())),
        "[a-c\"<]".prop_map(|name| Element::Key(vec![(
            "name".into(),
            pintle_object_model::patch::Scalar::Text(name.into())
        )])),
        (0..3i64).prop_map(Element::Index),
    ];
    prop::collection::vec(prop::collection::vec(element, 1..4), 0..8).prop_map(|paths| {
        let mut set = FieldSet::new();
        for path in paths {
            set.insert(path);
        }
        set
    })
}
