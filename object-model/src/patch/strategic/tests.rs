use serde_json::json;

use super::*;
use crate::api::apps::v1::Deployment;
use crate::reflect::StaticSchema;

fn merged(mut tree: Value, patch: Value) -> Value {
    strategic_merge(&mut tree, &patch, Deployment::static_schema()).unwrap();
    tree
}

fn containers(list: Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": list}}}})
}

#[test]
fn containers_merge_by_name() {
    let tree = containers(
        json!([{"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"}]),
    );
    let patch = containers(json!([{"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]}]));
    let expected = containers(json!([
        {"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]},
        {"name": "b", "image": "b:1"}
    ]));
    assert_eq!(merged(tree, patch), expected);
}

#[test]
fn directives_delete_and_replace() {
    let tree = containers(json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]));
    assert_eq!(
        merged(tree.clone(), containers(json!([{"name": "a", "$patch": "delete"}]))),
        containers(json!([{"name": "b", "image": "2"}]))
    );
    assert_eq!(
        merged(tree, containers(json!([{"$patch": "replace"}, {"name": "c"}]))),
        containers(json!([{"name": "c"}]))
    );
}

#[test]
fn retain_keys_clears_the_other_strategy() {
    let tree = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    assert_eq!(merged(tree, patch), json!({"spec": {"strategy": {"type": "Recreate"}}}));
}

#[test]
fn finalizers_merge_as_a_set_and_can_be_deleted() {
    let tree = json!({"metadata": {"finalizers": ["a/b", "c/d"]}});
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"], "finalizers": ["e/f"]}});
    assert_eq!(merged(tree, patch), json!({"metadata": {"finalizers": ["e/f", "c/d"]}}));
}

#[test]
fn the_order_directive_sorts() {
    let tree = containers(json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]));
    let patch = json!({"spec": {"template": {"spec": {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
        "containers": [{"name": "c", "image": "x"}],
    }}}});
    let result = merged(tree, patch);
    let names: Vec<_> = result["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["b", "c", "a"]);
}

#[test]
fn a_new_element_stands_before_those_that_the_patch_does_not_name() {
    let result = merged(containers(json!([{"name": "a"}])), containers(json!([{"name": "b"}])));
    assert_eq!(result, containers(json!([{"name": "b"}, {"name": "a"}])));
}

#[test]
fn what_cannot_be_merged_is_said_in_known_words() {
    let tree = || containers(json!([{"name": "a"}]));
    for (patch, words) in [
        (containers(json!([{"image": "x"}])), "map: map[image:x] does not contain declared merge key: name"),
        (containers(json!(["c"])), "list element types are not identical: [[map[name:a]] [c]]"),
        (json!({"spec": {"$patch": "merge", "x": 2}}), "unknown patch type: merge in map: map[$patch:merge x:2]"),
        (json!({"spec": {"$retainKeys": ["x"], "template": {}}}), "invalid patch format of retainKeys"),
    ] {
        let error = strategic_merge(&mut tree(), &patch, Deployment::static_schema()).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn directives_have_nothing_to_do_where_nothing_is() {
    let patch = json!({"metadata": {"labels": {"$patch": "bogus", "a": "b"}, "annotations": {"x": null, "y": "z"}}});
    assert_eq!(merged(json!({"metadata": {}}), patch), json!({"metadata": {"annotations": {"y": "z"}}}));
}
