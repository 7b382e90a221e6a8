//! Inputs that are made to exhaust something: the stack, memory, time.

use crate::BETWEEN;
use crate::seeds::seeds;

/// As deep as a text of a few hundred kilobytes can be.
const DEEP: usize = 100_000;

fn nested(open: &str, inner: &str, close: &str) -> Vec<u8> {
    format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP)).into_bytes()
}

fn within(before: &str, inner: &[u8], after: &str) -> Vec<u8> {
    [before.as_bytes(), inner, after.as_bytes()].concat()
}

/// "Billion laughs": each line stands for nine times the one before.
fn laughs() -> Vec<u8> {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 9].join(", ")));
    }
    text.into_bytes()
}

/// Messages within messages, each with its true length, or with one that promises what is not there.
fn deep_message() -> Vec<u8> {
    let mut message = vec![];
    for _ in 0..2000 {
        let mut outer = vec![0x12];
        let mut length = message.len();
        while length > 0x7f {
            outer.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        outer.push(u8::try_from(length).unwrap_or_default());
        outer.extend_from_slice(&message);
        message = outer;
    }
    message
}

/// Copies an object into itself again and again: each step doubles it.
fn doubling() -> Vec<u8> {
    let steps: Vec<String> =
        (0..64).map(|step| format!(r#"{{"op":"copy","from":"","path":"/spec/a{step}"}}"#)).collect();
    let mut input = br#"{"kind":"Pod","apiVersion":"v1","spec":{}}"#.to_vec();
    input.push(BETWEEN);
    input.extend_from_slice(format!("[{}]", steps.join(",")).as_bytes());
    input
}

fn pair(first: &[u8], second: &[u8]) -> Vec<u8> {
    [first, &[BETWEEN], second].concat()
}

fn deep_json() -> Vec<Vec<u8>> {
    let arrays = nested("[", "", "]");
    let objects = nested("{\"a\":", "1", "}");
    vec![
        within("{\"spec\":", &arrays, "}"),
        within("{\"metadata\":{\"annotations\":", &objects, "}}"),
        within("{\"apiVersion\":\"apps/v1\",\"kind\":\"ControllerRevision\",\"data\":", &objects, "}"),
        within("{\"items\":[", &arrays, "]}"),
        within("{\"type\":\"ADDED\",\"object\":", &objects, "}"),
        "[".repeat(DEEP).into_bytes(),
        "{\"a\":".repeat(DEEP).into_bytes(),
        arrays,
        objects,
    ]
}

fn deep_schema() -> Vec<u8> {
    let Some(seed) = seeds("definition").into_iter().next() else { return vec![] };
    let text = String::from_utf8_lossy(&seed).into_owned();
    let deep = format!("{}{{\"type\":\"string\"}}{}", "{\"type\":\"array\",\"items\":".repeat(300), "}".repeat(300));
    text.replace("{\"type\":\"string\"}", &deep).replace('\u{fffd}', " ").into_bytes()
}

/// The extremes of a target.
pub fn extremes(target: &str) -> Vec<Vec<u8>> {
    let long = |piece: &str| piece.repeat((1 << 20) / piece.len()).into_bytes();
    match target {
        "json" | "lists" => [deep_json(), vec![long("\"\\u003c"), long("9"), long(" ")]].concat(),
        "yaml" => vec![
            laughs(),
            nested("[", "", "]"),
            nested("{a: ", "1", "}"),
            "- ".repeat(DEEP).into_bytes(),
            "? ".repeat(DEEP).into_bytes(),
            "---\n".repeat(DEEP).into_bytes(),
            within("a: &a\n  b: *a\n", b"", ""),
            within("<<: &a {b: *a}\n", b"", ""),
            (0..1000).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>().into_bytes(),
        ],
        "protobuf" => vec![
            deep_message(),
            within("k8s\0", &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], ""),
            within("k8s\0", &[0x12, 0xff, 0xff, 0xff, 0xff, 0x07], "short"),
            vec![0x12; 1 << 16],
            [0x12, 0x00].repeat(1 << 16),
            [0x0a, 0x02, 0x12, 0x00].repeat(1 << 14),
            vec![0xff; 1 << 16],
        ],
        "patch" => {
            let deep = nested("{\"a\":", "1", "}");
            let path = format!(r#"[{{"op":"add","path":"{}","value":1}}]"#, "/a".repeat(DEEP));
            let copies = vec![r#"{"op":"copy","from":"","path":"/a"}"#; 10_000].join(",");
            let adds: Vec<String> = (1..1000)
                .map(|level| format!(r#"{{"op":"add","path":"{}","value":{{}}}}"#, "/a".repeat(level)))
                .collect();
            vec![
                pair(b"{}", format!("[{copies}]").as_bytes()),
                pair(b"{}", format!("[{}]", adds.join(",")).as_bytes()),
                doubling(), pair(b"{}", &deep), pair(b"{\"spec\":{}}", path.as_bytes()), pair(&deep, b"{}"),
            ]
        }
        "apply" => {
            let deep = nested("{\"f:a\":", "{}", "}");
            vec![pair(b"{}", &pair(b"{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}", &deep)), pair(&deep, &pair(&deep, &deep))]
        }
        "selector" => vec![long("a=b,"), long("a in (b),"), long("x"), long("("), long(","), long("a in (b,"), long("!")],
        "quantity" | "time" => vec![long("1"), long("1h"), long("0."), long("."), long("-"), long("1e9"), b"1e99999".to_vec()],
        "cron" => vec![long("*,"), long("* "), long("1-"), b"0-4294967295/0 * * * *".to_vec(), long("TZ=")],
        "cel" => vec![
            nested("(", "1", ")"),
            nested("[", "1", "]"),
            nested("!", "true", ""),
            nested("-", "1", ""),
            nested("{1: ", "1", "}"),
            nested("", "1", " + 1"),
            nested("", "true", " ? 1 : 2"),
            nested("size(", "''", ")"),
            nested("", "self", ".a"),
            nested("", "self", "[0]"),
            nested("[1].all(x, ", "true", ")"),
            b"[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, \
              [1,2,3,4,5,6,7,8,9].all(e, [1,2,3,4,5,6,7,8,9].all(f, true))))))"
                .to_vec(),
            b"'a'.matches('(((((a{1,100}){1,100}){1,100}){1,100}){1,100})')".to_vec(),
            long("'x' + "),
        ],
        "definition" => vec![deep_schema(), pair(&nested("{\"a\":", "1", "}"), b"{}")],
        "http" => vec![
            format!("GET /{}", "a/".repeat(30_000)).into_bytes(),
            format!("GET /api/v1/pods?{}", "a=b&".repeat(15_000)).into_bytes(),
            format!("GET /api/v1/pods?labelSelector={}", "%25".repeat(20_000)).into_bytes(),
            format!("GET /api\naccept: {}", "*/*;q=0.1,".repeat(100_000)).into_bytes(),
            format!("GET /api\naccept: {}", ";".repeat(1 << 20)).into_bytes(),
        ],
        _ => vec![],
    }
}
