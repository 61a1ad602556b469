//! Looks for secrets in a text, in every form that something on the way may have given them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;

/// As much of a secret as gives it away: a log that cuts texts short is none the better.
const PIECE: usize = 16;

/// What every form begins with is looked up, and only then the whole of it: there are thousands of forms.
const BEGINNING: usize = 8;

/// Forms in which upper and lower case differ.
const WITH_CASE: [&str; 2] = ["base64", "base64url"];

/// Secrets, with what a report may call them.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    with_case: Index,
    /// Of forms in lower case.
    without_case: Index,
}

/// Forms by their beginning.
#[derive(Clone)]
struct Index {
    /// Whether some form begins with these two bytes.
    begins: Vec<bool>,
    forms: HashMap<[u8; BEGINNING], Vec<Form>>,
}

#[derive(Clone)]
struct Form {
    secret: &'static str,
    name: &'static str,
    text: String,
}

impl Secrets {
    /// One more.
    pub(super) fn add(&mut self, secret: &'static str, text: &str) {
        assert!(text.len() >= PIECE, "{secret} is too short to be told from chance");
        let bytes = text.as_bytes();
        let middle = (bytes.len() - PIECE) / 2;
        for piece in [&bytes[..PIECE], &bytes[middle..middle + PIECE], &bytes[bytes.len() - PIECE..]] {
            for (name, text) in forms(piece) {
                let index = if WITH_CASE.contains(&name) { &mut self.with_case } else { &mut self.without_case };
                index.add(Form { secret, name, text });
            }
        }
    }

    pub(super) fn with(mut self, secret: &'static str, text: &str) -> Self {
        self.add(secret, text);
        self
    }

    /// What is found in a text: the secrets' names and forms.
    pub(super) fn found_in(&self, text: &str) -> BTreeSet<(&'static str, &'static str)> {
        let mut found = self.found_as_it_is(text);
        // Also where whoever wrote it has encoded some characters and not others, or all of it twice.
        let mut text = Cow::Borrowed(text);
        for _ in 0..2 {
            if !text.contains('%') {
                break;
            }
            text = percent_decode_str(&text).decode_utf8_lossy().into_owned().into();
            found.extend(self.found_as_it_is(&text));
        }
        found
    }

    fn found_as_it_is(&self, text: &str) -> BTreeSet<(&'static str, &'static str)> {
        let mut found = self.with_case.found_in(text);
        found.extend(self.without_case.found_in(&text.to_lowercase()));
        found
    }
}

impl Default for Index {
    fn default() -> Self {
        Self { begins: vec![false; 1 << 16], forms: HashMap::new() }
    }
}

impl Index {
    fn add(&mut self, form: Form) {
        let beginning = *form.text.as_bytes().first_chunk().expect("no form is so short");
        self.begins[first_two(&beginning)] = true;
        self.forms.entry(beginning).or_default().push(form);
    }

    fn found_in(&self, text: &str) -> BTreeSet<(&'static str, &'static str)> {
        let mut found = BTreeSet::new();
        for (position, beginning) in text.as_bytes().windows(BEGINNING).enumerate() {
            if self.begins[first_two(beginning)]
                && let Some(forms) = beginning.first_chunk().and_then(|beginning| self.forms.get(beginning))
            {
                let rest = &text.as_bytes()[position..];
                let here = forms.iter().filter(|form| rest.starts_with(form.text.as_bytes()));
                found.extend(here.map(|form| (form.secret, form.name)));
            }
        }
        found
    }
}

fn first_two(beginning: &[u8]) -> usize {
    usize::from(beginning[0]) << 8 | usize::from(beginning[1])
}

/// Every form of a piece of a secret, by name.
pub(super) fn forms(piece: &[u8]) -> Vec<(&'static str, String)> {
    let text = String::from_utf8_lossy(piece);
    let each = |write: fn(&mut String, u8)| {
        piece.iter().fold(String::new(), |mut all, byte| {
            write(&mut all, *byte);
            all
        })
    };
    let encoded = |all: &mut String, byte: u8| write!(all, "%{byte:02x}").expect("a string takes it");
    let unicode = |all: &mut String, byte: u8| write!(all, "\\u{byte:04x}").expect("a string takes it");
    let escaped = |all: &mut String, byte: u8| write!(all, "\\x{byte:02x}").expect("a string takes it");
    let decimal = |all: &mut String, byte: u8| write!(all, "&#{byte};").expect("a string takes it");
    let hexadecimal = |all: &mut String, byte: u8| write!(all, "&#x{byte:x};").expect("a string takes it");
    let json = serde_json::to_string(&text).expect("a text is JSON");
    let html = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;");
    let bytes: Vec<String> = piece.iter().map(u8::to_string).collect();
    let mut forms = vec![
        ("as it is", text.to_string()),
        ("every byte percent-encoded", each(encoded)),
        ("a form's encoding", url::form_urlencoded::byte_serialize(piece).collect()),
        ("read as a form", text.replace('+', " ")),
        ("percent-encoded twice", each(encoded).replace('%', "%25")),
        ("hexadecimal", hex::encode(piece)),
        ("JSON", json[1..json.len() - 1].to_owned()),
        ("JSON with escaped slashes", json[1..json.len() - 1].replace('/', "\\/")),
        ("JSON in JSON", json[1..json.len() - 1].replace('\\', "\\\\").replace('"', "\\\"")),
        ("Unicode escapes", each(unicode)),
        ("byte escapes", each(escaped)),
        ("HTML", html.clone()),
        ("HTML with quotes and slashes", html.replace('\'', "&#39;").replace('/', "&#x2f;")),
        ("HTML, decimal", each(decimal)),
        ("HTML, hexadecimal", each(hexadecimal)),
        ("a list of bytes", bytes.join(", ")),
        ("a list of bytes without spaces", bytes.join(",")),
        ("backwards", text.chars().rev().collect()),
    ];
    for (_, form) in &mut forms {
        *form = form.to_lowercase();
    }
    for before in 0..3 {
        // However many bytes are before it: what depends on its neighbours is left out.
        let padded = [&vec![0; before], piece].concat();
        let (first, last) = ((before * 8).div_ceil(6), (before + piece.len()) * 8 / 6);
        for (name, alphabet) in WITH_CASE.into_iter().zip([STANDARD_NO_PAD, URL_SAFE_NO_PAD]) {
            forms.push((name, alphabet.encode(&padded)[first..last].to_owned()));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "4/0Ae\"Yx<_&canary~'code\\+==";

    fn secrets() -> Secrets {
        Secrets::default().with("code", SECRET)
    }

    /// A line of a log with something in it.
    fn line(something: &str) -> String {
        format!(r#"{{"level":"INFO","message":"callback","what":"{something}","reference":"8f5ab3d2"}}"#)
    }

    /// Whether something is found in a line of a log that has this in it.
    fn is_found(something: &str) -> bool {
        let found = secrets().found_in(&line(something));
        assert!(found.iter().all(|(secret, _)| *secret == "code"), "{found:?}");
        !found.is_empty()
    }

    #[test]
    fn a_planted_secret_is_found_in_every_form_whole_and_cut_short() {
        let mut planted = 0;
        for piece in [SECRET.as_bytes(), &SECRET.as_bytes()[..PIECE], &SECRET.as_bytes()[SECRET.len() - PIECE..]] {
            for (form, text) in forms(piece) {
                assert!(is_found(&text), "{form}: {text}");
                assert!(WITH_CASE.contains(&form) || is_found(&text.to_uppercase()), "{form}: {text}");
                planted += 1;
            }
        }
        assert_eq!(planted, 3 * forms(&[0; PIECE]).len());
    }

    #[test]
    fn base64_is_found_at_every_alignment_among_other_bytes() {
        for before in 0..9 {
            let text = [&vec![b'x'; before], SECRET.as_bytes(), b"and more"].concat();
            for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                assert!(is_found(&encoded), "{before}: {encoded}");
            }
        }
    }

    #[test]
    fn what_encodes_some_characters_only_is_seen_through() {
        for text in ["4%2F0Ae%22Yx%3C_%26canary~", "4%252f0Ae%2522Yx%253c_%2526canary~", "4%2f0Ae%22Yx<_&canary~"] {
            assert!(is_found(text), "{text}");
        }
    }

    #[test]
    fn what_a_process_prints_on_either_output_is_looked_through() {
        for redirection in ["", " >&2"] {
            let mut leaky = std::process::Command::new("sh");
            let output =
                leaky.args(["-c", &format!("printf %s \"$SECRET\"{redirection}")]).env("SECRET", SECRET).output();
            let output = output.expect("there is a shell");
            let printed = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
            assert!(is_found(&printed), "{printed}");
        }
    }

    #[test]
    fn nothing_is_found_where_there_is_nothing() {
        for nothing in ["canary", "", &SECRET[..PIECE - 1], &SECRET[PIECE..]] {
            assert!(!is_found(nothing), "{nothing}");
        }
    }
}
