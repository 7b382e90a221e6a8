//! Expressions of admission policies: lazy variables, the authorizer, objects that mutations build.

use pintle_cel::{
    AUTHORIZER, Activation, Authorizer, Budget, Decision, Env, Question, RESOURCE_CHECK, Resource, Target, Type, Value,
    authorizer_value, check_object_names, namespace_type, request_type, resource_check_value,
};
use serde_json::json;

/// What a policy's environment looks like, with an authorizer that allows one thing.
#[test]
fn policies_have_lazy_variables_and_an_authorizer() {
    #[derive(Debug)]
    struct OnlyGetPods;
    impl Authorizer for OnlyGetPods {
        fn authorize(&self, question: &Question) -> Decision {
            let Target::Resource(resource) = &question.target else { return Decision::default() };
            let allowed = question.verb == "get" && resource.resource == "pods" && resource.namespace == "n";
            Decision { allowed, reason: resource.name.clone(), error: None }
        }
    }
    let variables = Type::object(
        "kubernetes.variables",
        [("one".to_owned(), Type::Int), ("two".to_owned(), Type::Int), ("bad".to_owned(), Type::Bool)],
    );
    let env = Env::new()
        .with_variable("object", Type::Dyn)
        .with_variable("request", request_type())
        .with_variable("namespaceObject", namespace_type())
        .with_variable("variables", variables)
        .with_variable("authorizer", AUTHORIZER)
        .with_variable("authorizer.requestResource", RESOURCE_CHECK);
    let compile = |source: &str| env.compile(source).unwrap_or_else(|errors| panic!("{source}: {errors}"));
    let (one, two, bad) = (compile("object.n + 1"), compile("variables.one * 2"), compile("object.missing == 1"));
    let (authorizer, tree, ty) = (OnlyGetPods, json!({"n": 1}), request_type());
    let request = json!({"operation": "CREATE", "userInfo": {"username": "me"}, "dryRun": false});
    let here = Resource { resource: "pods".into(), namespace: "n".into(), name: "p".into(), ..Resource::default() };
    let activation = Activation::new()
        .with("object", Value::json(&tree, &Type::Dyn))
        .with("request", Value::json(&request, &ty))
        .with("authorizer", authorizer_value(&authorizer))
        .with("authorizer.requestResource", resource_check_value(&authorizer, here))
        .with_lazy("variables", [("one".into(), &one), ("two".into(), &two), ("bad".into(), &bad)]);
    for (source, expected) in [
        ("variables.two + variables.one", "6"),
        ("variables.two == 4 || variables.bad", "true"),
        ("variables.bad", "error: no such key: missing"),
        ("request.operation == 'CREATE' && !request.dryRun && request.userInfo.username == 'me'", "true"),
        ("request.namespace", "error: no such key: namespace"),
        ("authorizer.group('').resource('pods').namespace('n').check('get').allowed()", "true"),
        ("authorizer.group('').resource('pods').namespace('n').name('x').check('get').reason()", "\"x\""),
        ("authorizer.requestResource.check('get').allowed()", "true"),
        ("authorizer.requestResource.check('delete').allowed()", "false"),
        ("authorizer.path('/healthz').check('get').errored()", "false"),
    ] {
        let outcome = compile(source).eval(&activation, &mut Budget::default()).and_then(|value| value.to_json());
        let found = outcome.map_or_else(|error| format!("error: {error}"), |value| value.to_string());
        assert_eq!(found, expected, "{source}");
    }
    assert!(compile("variables.two == 1").uses("variables"));
    let wrong = env.compile("variables.b").unwrap_err().to_string();
    assert_eq!(wrong, "ERROR: <input>:1:10: undefined field 'b'\n | variables.b\n | .........^");
}

#[test]
fn objects_bear_the_names_of_their_places() {
    let env = Env::new().with_mutation_types();
    let check = |source: &str| {
        let program = env.compile(source).unwrap_or_else(|errors| panic!("{source}: {errors}"));
        let value = program.eval(&Activation::new(), &mut Budget::default()).expect("it evaluates");
        check_object_names(&value).map_err(|error| error.to_string())
    };
    assert_eq!(check("Object{spec: Object.spec{list: [Object.spec.list{a: 1}]}}"), Ok(()));
    let expected = "unexpected type name \"Object.metadata\", expected \"Object.spec\", which matches field name path from \
                    root Object type";
    assert_eq!(check("Object{spec: Object.metadata{}}"), Err(expected.to_owned()));
}
