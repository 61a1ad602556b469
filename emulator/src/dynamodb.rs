//! A DynamoDB table in this process, so that conditional writes are tested without a server.
//!
//! As in DynamoDB: what a condition decides, what an update changes, and which expressions are refused. Differences:
//! one table answers to every name, nothing expires, sizes have no limits, numbers are whole, and most messages
//! are our own. DynamoDB's other operations, members, functions and types panic, so that no test passes on an
//! invented answer.
//!
//! Read `expression` next; `reserved` lists the words that cannot name an attribute in an expression.

mod expression;
mod reserved;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use expression::Placeholders;

/// The attributes of an item, or of a map in it, by name: each an object like `{"S": "text"}`.
type Item = Map<String, Value>;

/// A table whose key is the text attribute `id`; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Table(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<String, Item>,
    requests: Vec<(String, Value)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Get {
    #[serde(rename = "TableName")]
    _table_name: String,
    key: Item,
    #[serde(rename = "ConsistentRead")]
    _consistent_read: Option<bool>,
}

/// `PutItem` has an `item`, `UpdateItem` a `key` and perhaps an `update_expression`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Write {
    #[serde(rename = "TableName")]
    _table_name: String,
    item: Option<Item>,
    key: Option<Item>,
    update_expression: Option<String>,
    condition_expression: Option<String>,
    expression_attribute_names: Option<BTreeMap<String, String>>,
    expression_attribute_values: Option<Item>,
    return_values: Option<Returned>,
    return_values_on_condition_check_failure: Option<Returned>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Returned {
    None,
    AllNew,
    AllOld,
    UpdatedNew,
    UpdatedOld,
}

/// Why a request is not performed.
#[derive(Debug)]
enum Refusal {
    /// It is not a valid request.
    Invalid(String),
    /// Its condition does not hold. Contains the item, if there is one and the request asks for it.
    ConditionFailed(Option<Item>),
}

impl Table {
    /// Performs an operation of DynamoDB's JSON protocol 1.0; answers the status, 200 or 400, and the body.
    ///
    /// # Panics
    ///
    /// If DynamoDB may know what is asked for, but this table does not.
    #[must_use]
    pub fn perform(&self, operation: &str, request: &Value) -> (u16, Value) {
        self.state().requests.push((operation.to_owned(), request.clone()));
        let unknown = UNSUPPORTED.iter().find(|member| request.get(**member).is_some());
        assert_eq!(unknown, None, "this table does not support the member");
        let answer = match operation {
            "GetItem" => self.get(request),
            "PutItem" | "UpdateItem" => self.write(operation, request),
            _ => panic!("this table does not support the operation {operation}"),
        };
        match answer {
            Ok(body) => (200, body),
            Err(refusal) => (400, refusal.body()),
        }
    }

    /// Every item by its `id`.
    #[must_use]
    pub fn items(&self) -> Map<String, Value> {
        self.state().items.iter().map(|(id, item)| (id.clone(), item.clone().into())).collect()
    }

    /// Every request as it came: operation and body.
    #[must_use]
    pub fn requests(&self) -> Vec<(String, Value)> {
        self.state().requests.clone()
    }

    fn get(&self, request: &Value) -> Result<Value, Refusal> {
        let Get { key, .. } = read(request)?;
        Ok(self.state().items.get(key_of(&key)?).map_or(json!({}), |item| json!({"Item": item})))
    }

    fn write(&self, operation: &str, request: &Value) -> Result<Value, Refusal> {
        let write: Write = read(request)?;
        let mut placeholders = Placeholders::new(write.expression_attribute_names, write.expression_attribute_values)?;
        let id = match (operation, &write.item, &write.key) {
            ("PutItem", Some(item), None) if write.update_expression.is_none() => id_of(item)?,
            ("UpdateItem", None, Some(key)) => key_of(key)?,
            _ => return invalid(format!("{operation} lacks a member, or has another operation's")),
        }
        .to_owned();
        let returned = write.return_values.unwrap_or(Returned::None);
        match (returned, write.return_values_on_condition_check_failure) {
            (_, Some(Returned::AllNew | Returned::UpdatedNew | Returned::UpdatedOld)) => {
                return invalid("ReturnValuesOnConditionCheckFailure can only be ALL_OLD or NONE");
            }
            (Returned::AllNew | Returned::UpdatedNew | Returned::UpdatedOld, _) if write.item.is_some() => {
                return invalid("ReturnValues can only be ALL_OLD or NONE");
            }
            (Returned::None | Returned::AllNew, _) => {}
            _ => panic!("this table only supports the ReturnValues NONE and ALL_NEW"),
        }

        let mut state = self.state();
        let before = state.items.get(&id);
        // Expressions do not see the key of an item that is absent.
        let (absent, condition) = (Item::new(), write.condition_expression.as_deref());
        let seen = before.unwrap_or(&absent);
        let holds = condition.map_or(Ok(true), |text| expression::condition(text, &mut placeholders, seen))?;
        let update = write.update_expression.map(|text| expression::update(&text, &mut placeholders, seen));
        let actions = update.transpose()?.unwrap_or_default();
        placeholders.check_all_used()?;
        if !holds {
            let told = write.return_values_on_condition_check_failure == Some(Returned::AllOld);
            return Err(Refusal::ConditionFailed(before.filter(|_| told).cloned()));
        }
        if before.is_none() && expression::only_removes(&actions) {
            // Removing attributes of an absent item changes nothing, and does not create the item.
            return Ok(json!({}));
        }
        let created = || Item::from_iter([(KEY.to_owned(), json!({"S": id}))]);
        let start = write.item.or_else(|| before.cloned()).unwrap_or_else(created);
        let after = expression::apply(actions, start)?;
        let answer = if returned == Returned::AllNew { json!({"Attributes": after}) } else { json!({}) };
        state.items.insert(id, after);
        Ok(answer)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What this table does not support panics before anything is changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusal {
    fn body(self) -> Value {
        match self {
            Self::Invalid(text) => json!({"__type": "com.amazon.coral.validate#ValidationException", "message": text}),
            Self::ConditionFailed(item) => {
                let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
                let mut body = json!({"__type": kind, "message": "The conditional request failed"});
                if let Some(item) = item {
                    body["Item"] = item.into();
                }
                body
            }
        }
    }
}

fn invalid<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid(message.into()))
}

fn read<'r, T: Deserialize<'r>>(request: &'r Value) -> Result<T, Refusal> {
    for attributes in ["Item", "Key", "ExpressionAttributeValues"] {
        request[attributes].as_object().into_iter().flat_map(Map::values).try_for_each(check_attribute)?;
    }
    T::deserialize(request).or_else(|error| invalid(error.to_string()))
}

fn check_attribute(attribute: &Value) -> Result<(), Refusal> {
    let mut members = attribute.as_object().into_iter().flatten();
    let (Some((kind, value)), None) = (members.next(), members.next()) else {
        return invalid("Supplied AttributeValue must contain exactly one of the supported datatypes");
    };
    match (kind.as_str(), value) {
        ("S", Value::String(_)) | ("BOOL", Value::Bool(_)) | ("NULL", Value::Bool(true)) => Ok(()),
        ("N", Value::String(number)) if number.parse::<i128>().is_ok() => Ok(()),
        ("N", Value::String(number)) if number.parse().is_ok_and(f64::is_finite) => {
            panic!("this table only supports whole numbers, not {number}")
        }
        ("M", Value::Object(map)) => map.values().try_for_each(check_attribute),
        ("B" | "BS" | "L" | "NS" | "SS", _) => panic!("this table does not support attributes of type {kind}"),
        _ => invalid(format!("Supplied AttributeValue is no {kind}: {value}")),
    }
}

/// The `id` in a key, which has no other attribute.
fn key_of(key: &Item) -> Result<&str, Refusal> {
    if key.len() == 1 { id_of(key) } else { invalid("The provided key element does not match the schema") }
}

fn id_of(item: &Item) -> Result<&str, Refusal> {
    let id = item.get(KEY).and_then(|id| id["S"].as_str()).filter(|id| !id.is_empty());
    id.map_or_else(|| invalid("The key id is missing, is empty or is no text"), Ok)
}

/// The attribute that is the key.
const KEY: &str = "id";

/// What DynamoDB knows, but this table does not.
const UNSUPPORTED: [&str; 7] = [
    "AttributeUpdates",
    "AttributesToGet",
    "ConditionalOperator",
    "Expected",
    "ProjectionExpression",
    "ReturnConsumedCapacity",
    "ReturnItemCollectionMetrics",
];
