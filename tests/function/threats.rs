//! `SECURITY.md` names the tests that show what it says; each of them is there.

use std::collections::HashSet;
use std::fs::{read_dir, read_to_string};
use std::path::Path;

use crate::support::root;

/// The tests that there are: functions by their names, and everything that a browser's check could be called in.
#[derive(Default)]
struct Tests {
    functions: HashSet<String>,
    browser: String,
}

impl Tests {
    fn gather(&mut self, folder: &Path) {
        for entry in read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() && !path.ends_with("node_modules") {
                self.gather(&path);
            }
            let text = || read_to_string(&path).expect("a text");
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => self.functions.extend(rust_tests(&text())),
                Some("py") => self.functions.extend(text().lines().filter_map(|line| name_after("def test_", line))),
                Some("mjs") => self.browser += &text(),
                _ => {}
            }
        }
    }
}

/// The functions that come after an attribute of a test.
fn rust_tests(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let function = name_after("fn ", line.strip_prefix("async ").unwrap_or(line));
        names.extend(function.filter(|_| std::mem::take(&mut is_test)).map(|name| name["fn ".len()..].to_owned()));
    }
    names
}

/// The words before the parameters, if the line begins so.
fn name_after(start: &str, line: &str) -> Option<String> {
    let (name, _) = line.split_once('(').filter(|(name, _)| name.starts_with(start))?;
    Some(name.strip_prefix("def ").unwrap_or(name).to_owned())
}

/// What stands between each two of these marks.
fn marked(text: &str, open: char, close: char) -> Vec<&str> {
    let after = text.split(open).skip(1);
    if open == close {
        after.step_by(2).collect()
    } else {
        after.filter_map(|rest| Some(rest.split_once(close)?.0)).collect()
    }
}

#[test]
fn every_threat_names_tests_and_every_test_that_it_names_is_there() {
    let mut tests = Tests::default();
    for folder in ["src", "tests", "emulator"] {
        tests.gather(&root().join(folder));
    }
    let page = read_to_string(root().join("SECURITY.md")).expect("SECURITY.md");
    let threats: Vec<&str> = page.split("\n### ").skip(1).collect();
    assert!(threats.len() > 10, "{}", threats.len());
    for threat in threats {
        let shown: Vec<&str> = threat.split("\n\n").filter(|paragraph| paragraph.starts_with("Shown by ")).collect();
        let [shown] = shown[..] else { panic!("not one paragraph of tests: {threat}") };
        let (functions, checks) = (marked(shown, '`', '`'), marked(shown, '“', '”'));
        assert!(!functions.is_empty(), "{shown}");
        for name in functions {
            assert!(tests.functions.contains(name), "there is no test {name}");
        }
        for name in checks {
            let name = name.replace('\n', " ");
            let quoted = [format!("'{name}'"), format!("\"{name}\"")];
            assert!(quoted.iter().any(|name| tests.browser.contains(name)), "there is no check \"{name}\"");
        }
    }
}
