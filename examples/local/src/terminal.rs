//! The terminal: whole lines of at most 100 columns, in the order in which things happen.

use std::fmt::Display;
use std::io::{self, Write};

/// The widest line; only a link may be wider, because it has to be in one piece.
const COLUMNS: usize = 100;

/// Where the text begins, after who it is about.
const MARGIN: usize = 14;

/// Says what somebody does; what does not fit goes on below.
pub(crate) fn say(who: &str, what: &str) {
    print(&told(who, what));
}

/// Prints lines to copy, between empty ones.
pub(crate) fn set_apart(lines: &[impl AsRef<str>]) {
    let lines: Vec<_> = lines.iter().map(AsRef::as_ref).collect();
    print(&format!("\n    {}\n\n", lines.join("\n    ")));
}

/// Says on standard error why nothing was started.
pub(crate) fn complain(mistake: &impl Display) {
    let lines = mistake.to_string().lines().map(|line| wrapped("", line, 4)).collect::<String>();
    // Ignore errors: there is no other place to report them.
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// Whole lines at once, so that no other thread writes between them. A terminal that was closed stops nothing.
fn print(lines: &str) {
    let _ = io::stdout().write_all(lines.as_bytes());
}

fn told(who: &str, what: &str) -> String {
    wrapped(&format!("{who:>12}  "), what, MARGIN)
}

/// A line and, where it is too wide, the rest below, at this margin.
fn wrapped(begins: &str, text: &str, margin: usize) -> String {
    let mut lines = begins.to_owned();
    let mut column = begins.chars().count();
    for (position, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if position > 0 && column + 1 + width > COLUMNS {
            lines += "\n";
            lines += &" ".repeat(margin);
            column = margin;
        } else if position > 0 {
            lines += " ";
            column += 1;
        }
        lines += word;
        column += width;
    }
    lines + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_its_beginning() {
        let long = ["a link of one piece"; 6].join(" ");
        let lines = told("me", &long);
        assert_eq!(lines.lines().map(str::len).collect::<Vec<_>>(), [100, 46], "{lines}");
        assert!(lines.lines().all(|line| line.find(['a', 'o']) == Some(MARGIN)), "{lines}");
        assert_eq!(lines.split_whitespace().skip(1).collect::<Vec<_>>(), long.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_link_stays_in_one_piece() {
        let link = "x".repeat(120);
        assert_eq!(told("you", &format!("open {link}")), format!("         you  open\n              {link}\n"));
        assert_eq!(told("function", &link), format!("    function  {link}\n"));
    }
}
