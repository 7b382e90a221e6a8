//! Small inputs that are read without complaint, from which others are made.

use pintle_object_model::json::DecodeOptions;
use pintle_object_model::{Format, GroupVersionKind, Object};

use crate::BETWEEN;
use crate::codec::SCHEME;

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"default","labels":{"app":"a"},"creationTimestamp":"2024-01-01T00:00:00Z","ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"u"}],"managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}}}]},"spec":{"containers":[{"name":"c","image":"i:1","ports":[{"containerPort":80}],"env":[{"name":"A","value":"b"}],"resources":{"limits":{"cpu":"100m","memory":"1Gi"}},"livenessProbe":{"httpGet":{"path":"/","port":"web"}}}],"nodeSelector":{"a":"b"},"tolerations":[{"operator":"Exists"}],"volumes":[{"name":"v","configMap":{"name":"m"}}]},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"}]}}"#;
const DEPLOYMENT: &str = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a","image":"i"},{"name":"b","image":"j"}]}}}}"#;
const SECRET: &str = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"AAEC/w=="},"type":"Opaque","immutable":false}"#;
const NODE: &str = r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]},"status":{"capacity":{"cpu":"4","memory":"8Gi"},"conditions":[{"type":"Ready","status":"True","lastHeartbeatTime":"2024-01-01T00:00:00Z"}]}}"#;
const EVENT: &str = r#"{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e","namespace":"d"},"eventTime":"2024-01-01T00:00:00.123456Z","reason":"r","action":"a","regarding":{"kind":"Pod"}}"#;
const LEASE: &str = r#"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"h","renewTime":"2024-01-01T00:00:00.123456Z"}}"#;
const AUTOSCALER: &str = r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"maxReplicas":3,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}}"#;
const STATUS: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"m","reason":"NotFound","details":{"name":"a","kind":"pods","causes":[{"reason":"r","message":"m","field":"f"}],"retryAfterSeconds":1},"code":404}"#;
const TABLE: &str = r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"1"},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[{"cells":["a",1],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a"}}}]}"#;
const DEFINITION: &str = r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"ws.example.com"},"spec":{"group":"example.com","names":{"plural":"ws","kind":"W","listKind":"WList","singular":"w"},"scope":"Namespaced","versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.n","statusReplicasPath":".status.n"}},"additionalPrinterColumns":[{"name":"N","type":"integer","jsonPath":".spec.l[?(@.k==\"a\")].n"}],"selectableFields":[{"jsonPath":".spec.s"}],"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-validations":[{"rule":"self.spec.n > 0"}],"properties":{"spec":{"type":"object","required":["n"],"properties":{"n":{"type":"integer","minimum":1,"maximum":10,"multipleOf":1,"default":2},"s":{"type":"string","pattern":"^a+$","maxLength":9,"enum":["a","aa"],"format":"date-time"},"p":{"x-kubernetes-int-or-string":true},"o":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"m":{"type":"object","additionalProperties":{"type":"number","nullable":true}},"l":{"type":"array","maxItems":3,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"}}}}},"anyOf":[{"required":["s"]},{"not":{"required":["m"]}}]}}}}}]}}"#;
const CUSTOM: &str = r#"{"apiVersion":"example.com/v1","kind":"W","metadata":{"name":"w"},"spec":{"n":3,"s":"a","p":"5%","o":{"x":[1]},"m":{"a":1.5,"b":null},"l":[{"k":"a"},{"k":"b"}],"unknown":1}}"#;

const OBJECTS: [&str; 7] = [POD, DEPLOYMENT, SECRET, NODE, EVENT, LEASE, AUTOSCALER];

const YAML: [&str; 6] = [
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: c\n    image: \"i\"\n",
    "a: &x [1, 2]\nb: *x\n---\nc: |\n  text\n  more\nd: >-\n  folded\n---\n# nothing\n",
    "yes: no\n0644: 0x1f\nn: ~\nf: .inf\nd: 2024-01-01\nt: 12:30:45\ns: '1'\nb: !!binary aGk=\n",
    "{\"a\": [1, {\"b\": null}]}",
    "? {a: b}\n: - c\n",
    "<<: {a: 1}\nb: -0.0\nc: 1e3\nd: \"\\u263a\\0\"\n",
];

const PATCHES: [&str; 7] = [
    r#"[{"op":"add","path":"/spec/containers/-","value":{"name":"x"}},{"op":"test","path":"/metadata/name","value":"a"},{"op":"copy","from":"/spec","path":"/a~1b"},{"op":"move","from":"/spec/containers/0","path":"/b"},{"op":"remove","path":"/metadata/labels"},{"op":"replace","path":"/kind","value":null}]"#,
    r#"{"metadata":{"labels":null,"annotations":{"a":"b"}},"spec":{"containers":[]}}"#,
    r#"{"spec":{"containers":[{"name":"c","image":"j"},{"name":"x","$patch":"delete"}],"$setElementOrder/containers":[{"name":"x"},{"name":"c"}]}}"#,
    r#"{"spec":{"$retainKeys":["replicas"],"replicas":3,"strategy":{"$patch":"replace","type":"Recreate"}}}"#,
    r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}"#,
    r#"{"spec":{"template":{"spec":{"containers":[{"name":"b","ports":[{"containerPort":80,"$patch":"merge"}]}]}}}}"#,
    "{\"$patch\":\"delete\"}",
];

const FIELDS: &str = r#"{"f:metadata":{"f:labels":{".":{},"f:a":{}},"f:finalizers":{"v:\"x\"":{}}},"f:spec":{"f:replicas":{},"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}},"i:1":{}}}}"#;

const SELECTORS: [&str; 12] = [
    "a=b,c!=d",
    "app in (a, b),!x",
    "x notin ()",
    "a==b , c",
    "e gt 1",
    "a>1,b<2",
    "k8s.io/name=x-y_z.1",
    "metadata.name=a,spec.nodeName!=b",
    "a=b\\,c\\=d\\\\",
    ".spec.l[0]['a.b'].c[*]",
    "in in (in)",
    "a=,b",
];

const QUANTITIES: [&str; 14] = [
    "0",
    "-1.5",
    "100m",
    "1Ki",
    "1.5Gi",
    "12e3",
    "1E",
    "1Ei",
    "0.000000001n",
    "9223372036854775807",
    "-9223372036854775808",
    "+.5k",
    "1e-30",
    "8Ei",
];

const TIMES: [&str; 12] = [
    "2024-01-01T00:00:00Z",
    "2024-02-29T23:59:60.999999+05:30",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "1h30m",
    "-1.5s",
    "1ns",
    "100µs",
    "2562047h47m16.854775807s",
    "0",
    "25%",
    "-100%",
];

const SCHEDULES: [&str; 7] = [
    "*/5 * * * *",
    "0 0 1-5,7 JAN-mar MON",
    "@hourly",
    "@every 1h30m",
    "TZ=Europe/Berlin 0 0 * * *",
    "59 23 31 12 6",
    "1-59/2 ? * * ?",
];

const EXPRESSIONS: [&str; 14] = [
    "self.a.all(i, i == 1)",
    "self.b.c.startsWith('2024') && has(self.c)",
    "timestamp(self.b.c) + duration('1h')",
    "[1, 2, 3].map(x, x * 2).filter(x, x > 2).sum()",
    "{'a': 1, 'b': [2u, 3.5]}['a'] in [1]",
    "'%s-%d'.format(['a', 1])",
    "self.?a[?0].orValue(1)",
    "quantity('1Gi').isGreaterThan(quantity('1M'))",
    "'abc'.matches('^[a-z]+$') ? b'\\x00' : b''",
    "ip('::1').isLoopback() || cidr('10.0.0.0/8').containsIP('10.1.1.1')",
    "r'\\n' + \"\\u00e9\" + '''x'''",
    "Object{spec: Object.spec{replicas: 1}}",
    "cel.bind(v, 5, v + x)",
    "[3, 1, 2].transformMap(k, v, v).size()",
];

const REQUESTS: [&str; 8] = [
    "GET /api/v1/namespaces/default/pods/a?pretty=true\naccept: application/json;as=Table;v=v1;g=meta.k8s.io, */*;q=0.5",
    "GET /apis/apps/v1/deployments?watch=true&labelSelector=a%3Db&resourceVersion=1&timeoutSeconds=5&allowWatchBookmarks=1\naccept: application/vnd.kubernetes.protobuf;stream=watch\naccept-encoding: gzip;q=1",
    "PATCH /apis/apps/v1/namespaces/d/deployments/a/scale?fieldManager=m&force=true&dryRun=All&fieldValidation=Strict\ncontent-type: application/apply-patch+yaml\n\na: b",
    "DELETE /api/v1/nodes/n?gracePeriodSeconds=0&propagationPolicy=Foreground\nauthorization: Bearer abc\nimpersonate-user: u\nimpersonate-group: g\nimpersonate-extra-a%2fb: c",
    "GET /api/v1/watch/namespaces/d/pods/a",
    "GET /api/v1/namespaces/d/services/https:s:p/proxy/x/%2F..?a=b",
    "POST /api/v1/namespaces/d/pods/a/exec?command=sh&command=-c&stdin=true&tty=1&container=c\nupgrade: websocket\nconnection: upgrade\nsec-websocket-protocol: v5.channel.k8s.io",
    "GET /openapi/v3/apis/apps/v1?hash=A&timeout=1m\naccept: application/json",
];

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn joined(parts: &[&str]) -> Vec<u8> {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    parts.join(&BETWEEN)
}

/// The objects in protobuf, in their envelopes.
fn messages() -> Vec<Vec<u8>> {
    let options = DecodeOptions::default();
    let encode = |text: &&str| {
        let gvk = crate::codec::kind_of(pintle_object_model::json::type_meta(text.as_bytes()));
        let decoded = SCHEME.decode_json(&gvk, text.as_bytes(), &options).ok()?;
        Some(Object::from_box(decoded.object).encode(Format::Protobuf).to_vec())
    };
    OBJECTS.iter().filter_map(encode).collect()
}

fn list_of_all() -> Vec<u8> {
    let gvk = GroupVersionKind::new("", "v1", "PodList");
    format!(
        r#"{{"kind":"{}","apiVersion":"v1","metadata":{{"resourceVersion":"1"}},"items":[{}]}}"#,
        gvk.kind,
        OBJECTS.join(",")
    )
    .into_bytes()
}

/// The seeds of a target; those of other targets that it may read as well are among them.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "json" => [texts(&OBJECTS), texts(&[STATUS, TABLE, DEFINITION, CUSTOM]), vec![list_of_all()]].concat(),
        "yaml" => [texts(&YAML), texts(&[POD])].concat(),
        "protobuf" => messages(),
        "lists" => {
            let event = format!("{{\"type\":\"ADDED\",\"object\":{POD}}}");
            [texts(&[&event, TABLE, STATUS]), vec![list_of_all()]].concat()
        }
        "patch" => {
            let pairs = PATCHES.iter().flat_map(|patch| [POD, DEPLOYMENT].map(|live| joined(&[live, patch])));
            pairs.collect()
        }
        "apply" => [POD, DEPLOYMENT, NODE].iter().map(|object| joined(&[object, object, FIELDS])).collect(),
        "selector" => texts(&SELECTORS),
        "quantity" => texts(&QUANTITIES),
        "time" => texts(&TIMES),
        "cron" => [texts(&SCHEDULES), vec![joined(&["0 0 * * *", "Asia/Tokyo"])]].concat(),
        "cel" => texts(&EXPRESSIONS),
        "definition" => vec![joined(&[DEFINITION, CUSTOM])],
        "http" => texts(&REQUESTS),
        _ => vec![],
    }
}
