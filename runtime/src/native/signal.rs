//! Names of signals, as images and pods write them.

use rustix::process::Signal;

/// The signal of a name such as `SIGQUIT`, `QUIT` or `3`; SIGTERM for an empty one.
pub(super) fn parse(name: &str) -> Option<Signal> {
    if name.is_empty() {
        return Some(Signal::TERM);
    }
    if let Ok(number) = name.parse() {
        return Signal::from_named_raw(number);
    }
    let upper = name.to_ascii_uppercase();
    Some(match upper.strip_prefix("SIG").unwrap_or(&upper) {
        "HUP" => Signal::HUP,
        "INT" => Signal::INT,
        "QUIT" => Signal::QUIT,
        "ABRT" => Signal::ABORT,
        "KILL" => Signal::KILL,
        "USR1" => Signal::USR1,
        "USR2" => Signal::USR2,
        "PIPE" => Signal::PIPE,
        "ALRM" => Signal::ALARM,
        "TERM" => Signal::TERM,
        "CONT" => Signal::CONT,
        "STOP" => Signal::STOP,
        "WINCH" => Signal::WINCH,
        "IO" => Signal::IO,
        "PWR" => Signal::POWER,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_known() {
        assert_eq!(parse(""), Some(Signal::TERM));
        assert_eq!(parse("SIGQUIT"), Some(Signal::QUIT));
        assert_eq!(parse("usr1"), Some(Signal::USR1));
        assert_eq!(parse("9"), Some(Signal::KILL));
        assert_eq!(parse("SIGNONSENSE"), None);
    }
}
