//! `SECURITY.md` and `docs/evidence.md` name the tests that show what they say; each of them is there.

use std::collections::HashSet;
use std::fs::{read_dir, read_to_string};
use std::path::Path;

use crate::support::root;

/// All tests: the names of functions, and the text of the browser's scripts, which has the names of its checks.
#[derive(Default)]
struct Tests {
    functions: HashSet<String>,
    browser: String,
}

impl Tests {
    fn new() -> Self {
        let mut tests = Self::default();
        for folder in ["src", "tests", "emulator"] {
            tests.gather(&root().join(folder));
        }
        tests
    }

    /// Insists that there is each test that is named here: functions in backticks, a browser's checks in quotation marks.
    fn have_all(&self, named: &str) {
        let (functions, checks) = (marked(named, '`', '`'), marked(named, '“', '”'));
        assert!(functions.len() + checks.len() > 0, "{named}");
        for name in functions {
            assert!(self.functions.contains(name), "there is no test {name}");
        }
        for name in checks {
            let name = name.replace('\n', " ");
            let quoted = [format!("'{name}'"), format!("\"{name}\"")];
            assert!(quoted.iter().any(|name| self.browser.contains(name)), "there is no check \"{name}\"");
        }
    }

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
    let tests = Tests::new();
    let page = read_to_string(root().join("SECURITY.md")).expect("SECURITY.md");
    let threats: Vec<&str> = page.split("\n### ").skip(1).collect();
    assert!(threats.len() > 10, "{}", threats.len());
    for threat in threats {
        let shown: Vec<&str> = threat.split("\n\n").filter(|paragraph| paragraph.starts_with("Shown by ")).collect();
        let [shown] = shown[..] else { panic!("not one paragraph of tests: {threat}") };
        assert!(shown.contains('`'), "{shown}");
        tests.have_all(shown);
    }
}

#[test]
fn every_promise_names_tests_or_a_step_of_ci_and_each_is_there() {
    let tests = Tests::new();
    let page = read_to_string(root().join("docs/evidence.md")).expect("docs/evidence.md");
    let steps = read_to_string(root().join(".ci/run")).expect(".ci/run");
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(2);
    let rows: Vec<Vec<&str>> = rows.map(|row| row.trim_matches('|').split(" | ").collect()).collect();
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        let [promise, shown] = row[..] else { panic!("not two cells: {row:?}") };
        assert!(![promise, shown].iter().any(|cell| cell.trim().is_empty()), "{row:?}");
        let named = marked(shown, '*', '*');
        for step in &named {
            assert!(steps.contains(&format!("step '{step}' ")), "there is no step {step}");
        }
        if named.is_empty() || shown.contains(['`', '“']) {
            tests.have_all(shown);
        }
    }
}
