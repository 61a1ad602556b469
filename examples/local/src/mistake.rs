//! Why nothing was started: sentences that name the option to change.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// Why it does not start, or does not go on. Each line begins with `error: `, as those of the command line do.
#[derive(Debug)]
pub(crate) enum Mistake {
    /// Nothing can listen on this port.
    Port { option: &'static str, port: u16, error: io::Error },
    /// The values of these options, each with what is wrong.
    Options(Vec<(String, String)>),
    /// No link could be made.
    Link(Box<dyn Error>),
    /// The system does not tell us of Ctrl-C.
    Signal(io::Error),
}

impl Mistake {
    pub(crate) fn port(option: &'static str, port: u16, error: io::Error) -> Self {
        Self::Port { option, port, error }
    }

    pub(crate) fn option(option: &str, problem: &impl fmt::Display) -> Self {
        Self::Options(vec![(option.to_owned(), problem.to_string())])
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error: ")?;
        match self {
            Self::Port { option, port, error } => match error.kind() {
                ErrorKind::AddrInUse => write!(f, "port {port} is in use: choose another with {option}"),
                ErrorKind::PermissionDenied => {
                    write!(f, "you may not listen on port {port}: choose one from 1024 upwards with {option}")
                }
                _ => write!(f, "cannot listen on port {port} ({error}): choose another with {option}"),
            },
            Self::Options(faults) => {
                let lines: Vec<_> = faults.iter().map(|(option, problem)| format!("{option} {problem}")).collect();
                f.write_str(&lines.join("\nerror: "))
            }
            Self::Link(why) => write!(f, "no link could be made: {why}"),
            Self::Signal(error) => write!(f, "cannot wait for Ctrl-C: {error}"),
        }
    }
}

impl Error for Mistake {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_a_sentence_that_names_the_option() {
        let port = |kind: ErrorKind| Mistake::port("--gateway-port", 8080, kind.into());
        let faults = vec![("--a".to_owned(), "is too long".to_owned()), ("--b".to_owned(), "is no URL".to_owned())];
        for (mistake, expected) in [
            (port(ErrorKind::AddrInUse), "port 8080 is in use: choose another with --gateway-port"),
            (
                port(ErrorKind::PermissionDenied),
                "you may not listen on port 8080: choose one from 1024 upwards with --gateway-port",
            ),
            (
                port(ErrorKind::AddrNotAvailable),
                "cannot listen on port 8080 (address not available): choose another with --gateway-port",
            ),
            (Mistake::Options(faults), "--a is too long\nerror: --b is no URL"),
            (Mistake::Link("POST /flows answers 503".into()), "no link could be made: POST /flows answers 503"),
        ] {
            assert_eq!(mistake.to_string(), format!("error: {expected}"));
        }
    }
}
