//! Query strings: from text to parameters and back.

use pintle_object_model::Status;

use crate::Params;

/// Decodes `%xx` and, in queries, `+`.
pub(super) fn unescape(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        match bytes[index] {
            b'%' => {
                let hex = text.get(index + 1..index + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
                match hex {
                    Some(byte) => {
                        out.push(byte);
                        index += 2;
                    }
                    None => out.push(b'%'),
                }
            }
            b'+' if plus => out.push(b' '),
            other => out.push(other),
        }
        index += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes what is not plain in a query or path segment.
pub(super) fn escape(text: &str) -> String {
    escape_but(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b':'))
}

/// Encodes as `%xx` what is not to be kept.
pub(super) fn escape_but(text: &str, kept: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if kept(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn truth(key: &str, value: &str) -> Result<bool, Status> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        // Kubernetes takes an empty value for true, anything that is not false too.
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        "" => Ok(true),
        _ if key == "watch" || key == "allowWatchBookmarks" || key == "sendInitialEvents" => Ok(true),
        other => Err(Status::bad_request(format!("strconv.ParseBool: parsing {other:?}: invalid syntax"))),
    }
}

fn number(value: &str) -> Result<u64, Status> {
    let parsed: i64 = value
        .parse()
        .map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax")))?;
    Ok(u64::try_from(parsed).unwrap_or(0))
}

/// Parses a query string. The second value says whether a watch is asked for.
pub(super) fn parse(query: &str) -> Result<(Params, bool), Status> {
    let mut params = Params::default();
    let mut watch = false;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (unescape(key, true), unescape(value, true));
        match key.as_str() {
            "labelSelector" => params.label_selector = value,
            "fieldSelector" => params.field_selector = value,
            "limit" => params.limit = number(&value)?,
            "continue" => params.continue_ = value,
            "resourceVersion" => params.resource_version = value,
            "resourceVersionMatch" => params.resource_version_match = value,
            "timeoutSeconds" => params.timeout_seconds = Some(number(&value)?),
            "allowWatchBookmarks" => params.allow_watch_bookmarks = truth(&key, &value)?,
            "sendInitialEvents" => params.send_initial_events = Some(truth(&key, &value)?),
            "watch" => watch = truth(&key, &value)?,
            "dryRun" => params.dry_run.push(value),
            "fieldManager" => params.field_manager = value,
            "fieldValidation" => params.field_validation = value,
            "force" => params.force = Some(truth(&key, &value)?),
            // How the answer is laid out for reading makes no difference to programs.
            "pretty" => {}
            _ => params.other.push((key, value)),
        }
    }
    Ok((params, watch))
}

/// Prints parameters as a query string, without `?`.
pub(super) fn format(params: &Params, watch: bool) -> String {
    let mut pairs: Vec<String> = vec![];
    let mut push = |key: &str, value: &str| pairs.push(format!("{key}={}", escape(value)));
    let texts = [
        ("labelSelector", &params.label_selector),
        ("fieldSelector", &params.field_selector),
        ("continue", &params.continue_),
        ("resourceVersion", &params.resource_version),
        ("resourceVersionMatch", &params.resource_version_match),
        ("fieldManager", &params.field_manager),
        ("fieldValidation", &params.field_validation),
    ];
    for (key, value) in texts.into_iter().filter(|(_, value)| !value.is_empty()) {
        push(key, value);
    }
    if params.limit > 0 {
        push("limit", &params.limit.to_string());
    }
    if let Some(seconds) = params.timeout_seconds {
        push("timeoutSeconds", &seconds.to_string());
    }
    let flags = [
        ("watch", watch.then_some(true)),
        ("allowWatchBookmarks", params.allow_watch_bookmarks.then_some(true)),
        ("sendInitialEvents", params.send_initial_events),
        ("force", params.force),
    ];
    for (key, value) in flags {
        if let Some(value) = value {
            push(key, if value { "true" } else { "false" });
        }
    }
    for stage in &params.dry_run {
        push("dryRun", stage);
    }
    for (key, value) in &params.other {
        push(&escape(key), value);
    }
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_round_trip() {
        let text =
            "labelSelector=a%3Db%2Cc&limit=5&watch=true&sendInitialEvents=false&dryRun=All&command=ls&command=-l%20a";
        let (params, watch) = parse(text).unwrap();
        assert!(watch);
        assert_eq!(params.label_selector, "a=b,c");
        assert_eq!(params.others("command").collect::<Vec<_>>(), ["ls", "-l a"]);
        assert_eq!(parse(&format(&params, watch)).unwrap(), (params, true));
    }

    #[test]
    fn malformed_numbers_are_refused() {
        assert_eq!(parse("limit=x").unwrap_err().code, 400);
    }
}
