//! The paths of a kind's resource and of its subresources, and those of the documents about them.

use serde_json::{Map, Value, json};

use super::Version;
use super::operations::{
    ANY, DELETE, DELETE_COLLECTION, Gives, LIST, LOGS, META, OBJECTS, Operation, PATCH, STREAMS, Takes, WRITE,
    parameter,
};
use super::served::{has_resource, subresource, verbs};
use crate::{KindEntry, KindInfo};

/// Names that go into operation ids and tags.
pub(super) struct Names {
    /// `RbacAuthorization`.
    group: String,
    /// `rbacAuthorization`.
    tag: String,
}

impl Names {
    pub(super) fn of(group: &str) -> Self {
        let short = if group.is_empty() { "core" } else { group.strip_suffix(".k8s.io").unwrap_or(group) };
        let camel: String = short.split(['.', '-']).map(capital).collect();
        let mut letters = camel.chars();
        let tag = letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default();
        Self { group: camel, tag }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn base(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

fn document(id: String, tag: &str, gives: &str, version: Version) -> Value {
    let operation = Operation {
        id,
        tag,
        action: "",
        gvk: None,
        query: &[],
        takes: Takes::Nothing,
        gives: Gives::Object(&format!("{META}{gives}")),
        codes: &[200],
        produces: OBJECTS,
    };
    json!({"get": operation.to_value(version)})
}

/// The document that lists the resources of a group and version.
pub(super) fn of_version(group: &str, of: &str, version: Version) -> (String, Value) {
    let names = Names::of(group);
    let id = format!("get{}{}APIResources", names.group, capital(of));
    (format!("{}/", base(group, of)), document(id, &format!("{}_{of}", names.tag), "APIResourceList", version))
}

/// The document that lists the versions of a group.
pub(super) fn of_group(group: &str, version: Version) -> (String, Value) {
    let names = Names::of(group);
    if group.is_empty() {
        return ("/api/".into(), document("getCoreAPIVersions".into(), "core", "APIVersions", version));
    }
    (format!("/apis/{group}/"), document(format!("get{}APIGroup", names.group), &names.tag, "APIGroup", version))
}

/// The document that lists the groups.
pub(super) fn of_groups(version: Version) -> (String, Value) {
    ("/apis/".into(), document("getAPIVersions".into(), "apis", "APIGroupList", version))
}

/// Makes the paths of one kind.
pub(super) struct Paths<'a> {
    info: &'static KindInfo,
    definition: &'a str,
    list: String,
    names: Names,
    tag: String,
    version: Version,
    /// Finds the definition of another kind.
    lookup: &'a dyn Fn(&str, &str, &str) -> Option<String>,
    found: Map<String, Value>,
}

/// Kinds whose deletion answers with the object rather than with a Status.
fn deletion_gives_object(info: &KindInfo) -> bool {
    match info.group {
        "" => matches!(
            info.kind,
            "PersistentVolume"
                | "PersistentVolumeClaim"
                | "Pod"
                | "PodTemplate"
                | "ResourceQuota"
                | "Service"
                | "ServiceAccount"
        ),
        "resource.k8s.io" => true,
        "storage.k8s.io" => info.kind != "CSIStorageCapacity",
        _ => false,
    }
}

/// Paths of a kind, whose definition has this name.
pub(super) fn of_kind(
    entry: &KindEntry,
    definition: &str,
    lookup: &dyn Fn(&str, &str, &str) -> Option<String>,
    version: Version,
) -> Map<String, Value> {
    let info = entry.info();
    let names = Names::of(info.group);
    let tag = format!("{}_{}", names.tag, info.version);
    let list = format!("{definition}List");
    let mut paths = Paths { info, definition, list, names, tag, version, lookup, found: Map::new() };
    if has_resource(info) {
        paths.resource();
        for name in info.subresources {
            paths.subresource(name);
        }
    }
    paths.found
}

impl Paths<'_> {
    fn id(&self, verb: &str, rest: &str) -> String {
        format!("{verb}{}{}{rest}", self.names.group, capital(self.info.version))
    }

    /// `NamespacedPod`, `Node`.
    fn scoped(&self) -> String {
        format!("{}{}", if self.info.namespaced { "Namespaced" } else { "" }, self.info.kind)
    }

    fn operation<'b>(&'b self, id: String, action: &'static str, gives: &'b str) -> Operation<'b> {
        Operation {
            id,
            tag: &self.tag,
            action,
            gvk: Some((self.info.group, self.info.version, self.info.kind)),
            query: &[],
            takes: Takes::Nothing,
            gives: Gives::Object(gives),
            codes: &[200],
            produces: OBJECTS,
        }
    }

    fn add(&mut self, path: String, own: &[&str], operations: Vec<(&str, Value)>) {
        let mut item: Map<String, Value> =
            operations.into_iter().map(|(method, operation)| (method.to_owned(), operation)).collect();
        item.insert("parameters".into(), own.iter().map(|name| parameter(name, self.version)).collect());
        self.found.insert(path, item.into());
    }

    fn resource(&mut self) {
        let info = self.info;
        let has = |verb: &str| verbs(info).contains(&verb);
        let scope: &[&str] = if info.namespaced { &["namespace"] } else { &[] };
        let base = base(info.group, info.version);
        let inner = if info.namespaced { "/namespaces/{namespace}" } else { "" };
        let collection = format!("{base}{inner}/{}", info.plural);
        let own = |first: &[&'static str]| -> Vec<&str> {
            first.iter().copied().chain(scope.iter().copied()).chain(["pretty"]).collect()
        };

        let mut operations = vec![];
        // Kinds that are only created say what would be asked of their operation at the path itself.
        let only_created = verbs(info) == ["create"];
        if has("list") {
            operations.push(("get", self.list_operation(&self.id("list", &self.scoped()), has("create"))));
        }
        if has("create") {
            let id = self.id("create", &self.scoped());
            let mut create = self.operation(id, "post", self.definition);
            create.query = if only_created { &[] } else { WRITE };
            create.takes = Takes::Object(self.definition);
            create.codes = &[200, 201, 202];
            operations.push(("post", create.to_value(self.version)));
        }
        if has("deletecollection") {
            let id = self.id("delete", &format!("Collection{}", self.scoped()));
            let status = format!("{META}Status");
            let mut delete = self.operation(id, "deletecollection", &status);
            delete.query = DELETE_COLLECTION;
            delete.takes = Takes::DeleteOptions;
            operations.push(("delete", delete.to_value(self.version)));
        }
        let parameters = match (only_created, has("create")) {
            (true, _) => own(WRITE),
            (false, true) => own(&[]),
            (false, false) => own(LIST),
        };
        self.add(collection, &parameters, operations);
        if has("list") && info.namespaced {
            let id = self.id("list", &format!("{}ForAllNamespaces", info.kind));
            let list = self.list_operation(&id, false);
            let parameters: Vec<&str> = LIST.iter().copied().chain(["pretty"]).collect();
            self.add(format!("{base}/{}", info.plural), &parameters, vec![("get", list)]);
        }
        if has("get") {
            self.one(&format!("{base}{inner}/{}/{{name}}", info.plural), &own(&["name"]), has("update"));
        }
        if has("watch") {
            self.watches(&base, inner, scope);
        }
    }

    /// `query` tells whether the parameters stand at the operation or at its path.
    fn list_operation(&self, id: &str, query: bool) -> Value {
        let mut list = self.operation(id.to_owned(), "list", &self.list);
        list.query = if query { LIST } else { &[] };
        list.produces = STREAMS;
        list.to_value(self.version)
    }

    fn one(&mut self, path: &str, own: &[&str], written: bool) {
        let scoped = self.scoped();
        let mut operations =
            vec![("get", self.operation(self.id("read", &scoped), "get", self.definition).to_value(self.version))];
        if written {
            operations.extend(self.writes(&scoped, self.definition, None));
            let status = format!("{META}Status");
            let gives = if deletion_gives_object(self.info) { self.definition } else { &status };
            let mut delete = self.operation(self.id("delete", &scoped), "delete", gives);
            delete.query = DELETE;
            delete.takes = Takes::DeleteOptions;
            delete.codes = &[200, 202];
            operations.push(("delete", delete.to_value(self.version)));
        }
        self.add(path.to_owned(), own, operations);
    }

    fn writes(&self, scoped: &str, definition: &str, gvk: Option<(&str, &str, &str)>) -> [(&'static str, Value); 2] {
        let gvk = gvk.unwrap_or((self.info.group, self.info.version, self.info.kind));
        let mut put = self.operation(self.id("replace", scoped), "put", definition);
        put.gvk = Some(gvk);
        put.query = WRITE;
        put.takes = Takes::Object(definition);
        put.codes = &[200, 201];
        let mut patch = self.operation(self.id("patch", scoped), "patch", definition);
        patch.gvk = Some(gvk);
        patch.query = PATCH;
        patch.takes = Takes::Patch;
        patch.codes = &[200, 201];
        [("put", put.to_value(self.version)), ("patch", patch.to_value(self.version))]
    }

    /// The old paths that only watch.
    fn watches(&mut self, base: &str, inner: &str, scope: &[&str]) {
        let event = format!("{META}WatchEvent");
        let operation = |paths: &Self, id: String, action| {
            let mut watch = paths.operation(id, action, &event);
            watch.produces = STREAMS;
            vec![("get", watch.to_value(paths.version))]
        };
        let own = |first: &[&'static str]| -> Vec<&str> {
            LIST.iter().copied().chain(first.iter().copied()).chain(["pretty"]).collect()
        };
        let (kind, plural, scoped) = (self.info.kind, self.info.plural, self.scoped());
        let named: Vec<&'static str> = if scope.is_empty() { vec!["name"] } else { vec!["name", "namespace"] };
        let scope: Vec<&'static str> = named.iter().skip(1).copied().collect();
        let list = operation(self, self.id("watch", &format!("{scoped}List")), "watchlist");
        self.add(format!("{base}/watch{inner}/{plural}"), &own(&scope), list);
        let one = operation(self, self.id("watch", &scoped), "watch");
        self.add(format!("{base}/watch{inner}/{plural}/{{name}}"), &own(&named), one);
        if !inner.is_empty() {
            let all = operation(self, self.id("watch", &format!("{kind}ListForAllNamespaces")), "watchlist");
            self.add(format!("{base}/watch/{plural}"), &own(&[]), all);
        }
    }

    fn subresource(&mut self, name: &str) {
        let info = self.info;
        let about = subresource(info, name);
        let inner = if info.namespaced { "/namespaces/{namespace}" } else { "" };
        let path = format!("{}{inner}/{}/{{name}}/{name}", base(info.group, info.version), info.plural);
        let scoped = format!("{}{}", self.scoped(), capital(name));
        let gvk = (about.group, about.version, about.kind.as_str());
        let place: Vec<&str> = ["name"].into_iter().chain(info.namespaced.then_some("namespace")).collect();
        let own =
            |options: &[&'static str]| -> Vec<&str> { options.iter().copied().chain(place.iter().copied()).collect() };
        if about.connects {
            let options: &[&str] = match name {
                "exec" => &["command", "container", "stderr", "stdin", "stdout", "tty"],
                "attach" => &["container", "stderr", "stdin", "stdout", "tty"],
                "portforward" => &["ports"],
                _ => &["path"],
            };
            self.add(path.clone(), &own(options), self.connections(name, &scoped, gvk));
            if name == "proxy" {
                let operations = self.connections(name, &format!("{scoped}WithPath"), gvk);
                self.add(format!("{path}/{{path}}"), &own(&["{path}", "path"]), operations);
            }
            return;
        }
        let definition = (self.lookup)(gvk.0, gvk.1, gvk.2).unwrap_or_else(|| self.definition.to_owned());
        if name == "log" {
            let mut read = self.operation(self.id("read", &scoped), "get", self.definition);
            read.gives = Gives::Text;
            read.produces = LOGS;
            let operations = vec![("get", read.to_value(self.version))];
            let options = [
                "container",
                "follow",
                "insecureSkipTLSVerifyBackend",
                "limitBytes",
                "pretty",
                "previous",
                "sinceSeconds",
                "stream",
                "tailLines",
                "timestamps",
            ];
            self.add(path, &own(&options), operations);
            return;
        }
        let write: Vec<&str> = WRITE.iter().copied().chain(own(&["pretty"])).collect();
        if about.verbs == ["create"] {
            let mut create = self.operation(self.id("create", &scoped), "post", &definition);
            create.gvk = Some(gvk);
            create.takes = Takes::Object(&definition);
            create.codes = &[200, 201, 202];
            let operations = vec![("post", create.to_value(self.version))];
            self.add(path, &write, operations);
        } else if about.verbs == ["update"] {
            let mut put = self.operation(self.id("replace", &scoped), "put", &definition);
            put.takes = Takes::Object(&definition);
            put.codes = &[200, 201];
            let operations = vec![("put", put.to_value(self.version))];
            self.add(path, &write, operations);
        } else {
            let mut read = self.operation(self.id("read", &scoped), "get", &definition);
            read.gvk = Some(gvk);
            let mut operations = vec![("get", read.to_value(self.version))];
            operations.extend(self.writes(&scoped, &definition, Some(gvk)));
            self.add(path, &own(&["pretty"]), operations);
        }
    }

    fn connections(&self, name: &str, scoped: &str, gvk: (&str, &str, &str)) -> Vec<(&'static str, Value)> {
        let methods: &[&str] = match name {
            "proxy" => &["delete", "get", "head", "options", "patch", "post", "put"],
            _ => &["get", "post"],
        };
        let one = |method: &&'static str| {
            let id = self.id("connect", &format!("{}{scoped}", capital(method)));
            let mut connect = self.operation(id, "connect", "");
            connect.gvk = Some(gvk);
            connect.gives = Gives::Text;
            connect.produces = ANY;
            (*method, connect.to_value(self.version))
        };
        methods.iter().map(one).collect()
    }
}
