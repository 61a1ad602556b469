//! Expressions. One pass reads and evaluates the whole text, so that every syntax error is found.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde_json::Value;

use super::reserved::is_reserved;
use super::{Item, KEY, Refusal, invalid};

/// The names of maps, then of an attribute.
type Path = Vec<String>;

/// What an update sets an attribute to; `None` removes it.
pub(super) type Action = (Path, Option<Value>);

/// Whether an item, empty if it is absent, satisfies a condition.
pub(super) fn condition(text: &str, placeholders: &mut Placeholders, item: &Item) -> Result<bool, Refusal> {
    let mut parser = Parser::new("ConditionExpression", text, placeholders, item)?;
    let holds = parser.either()?;
    if parser.peek().is_some() { parser.syntax_error() } else { Ok(holds) }
}

/// What an update does to an item, empty if it is absent.
pub(super) fn update(text: &str, placeholders: &mut Placeholders, item: &Item) -> Result<Vec<Action>, Refusal> {
    Parser::new("UpdateExpression", text, placeholders, item)?.sections()
}

/// Whether there are actions, and all of them remove an attribute.
pub(super) fn only_removes(actions: &[Action]) -> bool {
    !actions.is_empty() && actions.iter().all(|(_, value)| value.is_none())
}

/// The item after an update.
pub(super) fn apply(actions: Vec<Action>, mut item: Item) -> Result<Item, Refusal> {
    for (mut path, value) in actions {
        let name = path.pop().expect("a path has a name");
        let map = path.iter().try_fold(&mut item, |map, name| map.get_mut(name)?.get_mut("M")?.as_object_mut());
        let Some(map) = map else {
            return invalid("The document path provided in the update expression is invalid for update");
        };
        match value {
            Some(value) => map.insert(name, value),
            None => map.remove(&name),
        };
    }
    Ok(item)
}

/// What a request's `#aliases` and `:values` stand for.
pub(super) struct Placeholders {
    names: BTreeMap<String, String>,
    values: Item,
    used: BTreeSet<String>,
}

impl Placeholders {
    pub(super) fn new(names: Option<BTreeMap<String, String>>, values: Option<Item>) -> Result<Self, Refusal> {
        if names.as_ref().is_some_and(BTreeMap::is_empty) || values.as_ref().is_some_and(Item::is_empty) {
            return invalid("ExpressionAttributeNames and ExpressionAttributeValues must not be empty");
        }
        let (names, values) = (names.unwrap_or_default(), values.unwrap_or_default());
        Ok(Self { names, values, used: BTreeSet::new() })
    }

    /// Refuses what no expression has used.
    pub(super) fn check_all_used(&self) -> Result<(), Refusal> {
        match self.names.keys().chain(self.values.keys()).find(|name| !self.used.contains(*name)) {
            Some(name) => invalid(format!("Value provided in ExpressionAttributeNames or Values unused: {name}")),
            None => Ok(()),
        }
    }
}

/// An expression, read from left to right.
struct Parser<'e> {
    kind: &'static str,
    tokens: Vec<&'e str>,
    at: usize,
    /// Where the pair of parentheses that was closed last opens and closes.
    group: (usize, usize),
    placeholders: &'e mut Placeholders,
    item: &'e Item,
}

impl<'e> Parser<'e> {
    fn new(
        kind: &'static str,
        text: &'e str,
        placeholders: &'e mut Placeholders,
        item: &'e Item,
    ) -> Result<Self, Refusal> {
        let parser = Self { kind, tokens: tokens(text), at: 0, group: (0, 0), placeholders, item };
        if parser.tokens.is_empty() { parser.invalid("The expression can not be empty;") } else { Ok(parser) }
    }

    fn either(&mut self) -> Result<bool, Refusal> {
        let mut holds = self.all()?;
        while self.take("OR") {
            holds |= self.all()?;
        }
        Ok(holds)
    }

    fn all(&mut self) -> Result<bool, Refusal> {
        let mut holds = self.negation()?;
        while self.take("AND") {
            holds &= self.negation()?;
        }
        Ok(holds)
    }

    fn negation(&mut self) -> Result<bool, Refusal> {
        if self.take("NOT") { Ok(!self.negation()?) } else { self.single() }
    }

    fn single(&mut self) -> Result<bool, Refusal> {
        let opens = self.at;
        if self.take("(") {
            let holds = self.either()?;
            self.expect(")")?;
            let closes = self.at - 1;
            if self.group == (opens + 1, closes - 1) {
                return self.invalid("The expression has redundant parentheses;");
            }
            self.group = (opens, closes);
            return Ok(holds);
        }
        let exists = match self.function()? {
            Some("attribute_exists") => true,
            Some("attribute_not_exists") => false,
            Some(function) => return self.unknown(function),
            None => return self.comparison(),
        };
        let path = self.path()?;
        self.expect(")")?;
        Ok(find(self.item, &path).is_some() == exists)
    }

    fn comparison(&mut self) -> Result<bool, Refusal> {
        let left = self.operand()?;
        assert!(!self.take("BETWEEN"), "this table does not support BETWEEN");
        if self.take("IN") {
            self.expect("(")?;
            let list = self.list(Self::operand)?;
            self.expect(")")?;
            let found = list.iter().any(|right| equal(left.as_ref(), right.as_ref()));
            return if list.len() > 100 { self.invalid("IN takes at most 100 operands") } else { Ok(found) };
        }
        let Some(operator) = ["=", "<>", "<", "<=", ">", ">="].into_iter().find(|operator| self.take(operator)) else {
            return self.syntax_error();
        };
        let right = self.operand()?;
        let (left, right) = (left.as_ref(), right.as_ref());
        Ok(match operator {
            "=" => equal(left, right),
            "<>" => !equal(left, right),
            "<" => order(left, right).is_some_and(Ordering::is_lt),
            "<=" => order(left, right).is_some_and(Ordering::is_le),
            ">" => order(left, right).is_some_and(Ordering::is_gt),
            _ => order(left, right).is_some_and(Ordering::is_ge),
        })
    }

    fn sections(&mut self) -> Result<Vec<Action>, Refusal> {
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        while let Some(section) = self.peek() {
            if set.is_empty() && self.take("SET") {
                set = self.list(Self::set)?;
            } else if removed.is_empty() && self.take("REMOVE") {
                removed = self.list(|parser| Ok((parser.path()?, None)))?;
            } else if self.take("ADD") || self.take("DELETE") {
                panic!("this table does not support the section {section}");
            } else {
                return self.syntax_error();
            }
        }
        let actions = [set, removed].concat();
        for (index, (path, _)) in actions.iter().enumerate() {
            if path[0] == KEY {
                return invalid("Cannot update attribute id. This attribute is part of the key");
            }
            if actions[..index].iter().any(|(other, _)| path.starts_with(other) || other.starts_with(path)) {
                return self.invalid("Two document paths overlap with each other;");
            }
        }
        Ok(actions)
    }

    fn set(&mut self) -> Result<Action, Refusal> {
        let path = self.path()?;
        self.expect("=")?;
        let there = match self.function()? {
            Some("if_not_exists") => {
                let there = self.path()?;
                self.expect(",")?;
                Some(there)
            }
            Some(function) => return self.unknown(function),
            None => None,
        };
        assert!(self.peek().is_none_or(|token| !is_name(token)), "this table only sets attributes to values");
        let value = self.operand()?;
        if there.is_some() {
            self.expect(")")?;
        }
        assert!(!matches!(self.peek(), Some("+" | "-")), "this table does not support sums");
        Ok((path, there.and_then(|path| find(self.item, &path).cloned()).or(value)))
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
        let mut list = vec![read(self)?];
        while self.take(",") {
            list.push(read(self)?);
        }
        Ok(list)
    }

    /// The name of the function that is called here, if one is; then its arguments are next.
    fn function(&mut self) -> Result<Option<&'e str>, Refusal> {
        let Some(name) = self.peek() else { return self.syntax_error() };
        let called = name.starts_with(char::is_alphabetic) && self.tokens.get(self.at + 1) == Some(&"(");
        self.at += if called { 2 } else { 0 };
        Ok(called.then_some(name))
    }

    fn unknown<T>(&self, function: &str) -> Result<T, Refusal> {
        let known = ["attribute_type", "begins_with", "contains", "list_append", "size"];
        assert!(!known.contains(&function), "this table does not support the function {function}");
        self.invalid(format!("Invalid function name; function: {function}"))
    }

    /// What is compared or set; `None` for an attribute that is absent.
    fn operand(&mut self) -> Result<Option<Value>, Refusal> {
        let Some(name) = self.peek().filter(|token| token.starts_with(':')) else {
            let path = self.path()?;
            return Ok(find(self.item, &path).cloned());
        };
        let Some(value) = self.placeholders.values.get(name).cloned() else {
            return self.invalid(format!("An expression attribute value is not defined; attribute value: {name}"));
        };
        self.placeholders.used.insert(name.to_owned());
        self.at += 1;
        Ok(Some(value))
    }

    fn path(&mut self) -> Result<Path, Refusal> {
        let mut path = vec![self.name()?];
        while self.take(".") {
            path.push(self.name()?);
        }
        assert_ne!(self.peek(), Some("["), "this table does not support elements of lists");
        Ok(path)
    }

    fn name(&mut self) -> Result<String, Refusal> {
        let Some(name) = self.peek().filter(|token| is_name(token)) else { return self.syntax_error() };
        if is_reserved(name) {
            return self.invalid(format!("Attribute name is a reserved keyword; reserved keyword: {name}"));
        }
        self.at += 1;
        if !name.starts_with('#') {
            return Ok(name.to_owned());
        }
        let Some(meaning) = self.placeholders.names.get(name).cloned() else {
            return self.invalid(format!("An expression attribute name is not defined; attribute name: {name}"));
        };
        self.placeholders.used.insert(name.to_owned());
        Ok(meaning)
    }

    fn peek(&self) -> Option<&'e str> {
        self.tokens.get(self.at).copied()
    }

    /// Moves on if this symbol or keyword is next.
    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Refusal> {
        if self.take(symbol) { Ok(()) } else { self.syntax_error() }
    }

    fn syntax_error<T>(&self) -> Result<T, Refusal> {
        self.invalid(format!("Syntax error; token: \"{}\"", self.peek().unwrap_or("<EOF>")))
    }

    fn invalid<T>(&self, problem: impl Display) -> Result<T, Refusal> {
        invalid(format!("Invalid {}: {problem}", self.kind))
    }
}

/// The attribute at a path.
fn find<'i>(item: &'i Item, path: &[String]) -> Option<&'i Value> {
    let (name, maps) = path.split_last()?;
    maps.iter().try_fold(item, |map, name| map.get(name)?.get("M")?.as_object())?.get(name)
}

/// Equality; an absent value equals nothing, not even another absent value.
fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    left.is_some() && left == right || order(left, right).is_some_and(Ordering::is_eq)
}

/// The order of two texts or of two numbers; nothing else has one.
fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    let (left, right) = (left?, right?);
    match (left["S"].as_str(), right["S"].as_str()) {
        (Some(left), Some(right)) => Some(left.cmp(right)),
        _ => Some(number(left)?.cmp(&number(right)?)),
    }
}

fn number(attribute: &Value) -> Option<i128> {
    attribute["N"].as_str()?.parse().ok()
}

/// Whether a token is an alias, or a name that needs none unless it is reserved.
fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first == '#' || first.is_ascii_alphabetic())
}

/// Words with the `#` or `:` before them, operators of one character or two, and other characters one by one.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let start = usize::from(rest.starts_with(['#', ':']));
        let word = rest[start..].find(|next: char| !next.is_ascii_alphanumeric() && next != '_');
        let word = word.map_or(rest.len(), |length| start + length);
        let double = ["<>", "<=", ">="].iter().any(|operator| rest.starts_with(operator));
        let (token, after) = rest.split_at(if double { 2 } else { word.max(first.len_utf8()) });
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}
