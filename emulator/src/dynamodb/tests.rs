use serde_json::{Map, Value, json};

use super::Table;
use super::reserved::is_reserved;

/// An item of every type, and what the conditions below compare it with.
fn item() -> Value {
    json!({
        "id": {"S": "a"}, "word": {"S": "b"}, "small": {"N": "9"}, "big": {"N": "10"}, "yes": {"BOOL": true},
        "nothing": {"NULL": true}, "state": {"S": "open"}, "a.b": {"S": "dotted"},
        "state_ab": {"M": {"cookie": {"S": "c"}, "deep": {"M": {"code": {"N": "1"}}}}},
    })
}

fn table(item: &Value) -> Table {
    let table = Table::default();
    assert_eq!(table.perform("PutItem", &json!({"TableName": "t", "Item": item})), (200, json!({})));
    table
}

/// A request with these members besides the table's name.
fn request(mut members: Value) -> Value {
    members.as_object_mut().unwrap().entry("TableName").or_insert(json!("t"));
    members
}

/// Adds the placeholders that the expression uses, because unused ones make a request invalid.
fn with_placeholders(mut request: Value, expressions: &str) -> Value {
    let names = [("#state", "state"), ("#press", "state_ab"), ("#code", "code"), ("#dotted", "a.b"), ("#new", "n-e w")];
    let values = [
        (":a", json!({"S": "a"})),
        (":b", json!({"S": "b"})),
        (":c", json!({"S": "c"})),
        (":one", json!({"N": "1"})),
        (":one_too", json!({"N": "01"})),
        (":nine", json!({"N": "9"})),
        (":nine_text", json!({"S": "9"})),
        (":ten_text", json!({"S": "10"})),
        (":ten", json!({"N": "10"})),
        (":yes", json!({"BOOL": true})),
        (":null", json!({"NULL": true})),
        (":open", json!({"S": "open"})),
        (":dotted", json!({"S": "dotted"})),
        (":map", json!({"M": {"code": {"N": "1"}}})),
    ];
    let is_word = |next: char| next.is_ascii_alphanumeric() || "_#:".contains(next);
    let used: Vec<&str> = expressions.split(|next| !is_word(next)).collect();
    let names: Map<_, _> =
        names.iter().filter(|(name, _)| used.contains(name)).map(|(n, m)| ((*n).into(), json!(m))).collect();
    let values: Map<_, _> =
        values.iter().filter(|(name, _)| used.contains(name)).map(|(n, v)| ((*n).into(), v.clone())).collect();
    for (member, map) in [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)] {
        if !map.is_empty() {
            request[member] = map.into();
        }
    }
    request
}

/// Whether an item satisfies a condition; where it does not, the item is told, and nothing has changed.
#[track_caller]
fn holds(table: &Table, condition: &str) -> bool {
    let members = json!({
        "Key": {"id": {"S": "a"}}, "ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    let before = table.items();
    let (status, body) = table.perform("UpdateItem", &with_placeholders(request(members), condition));
    assert_eq!(table.items().len(), if status == 200 { 1 } else { before.len() });
    if status == 200 {
        return true;
    }
    let mut refusal = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    });
    if let Some(item) = before.get("a") {
        refusal["Item"] = item.clone();
    }
    assert_eq!((status, body), (400, refusal), "{condition}");
    false
}

/// The item after an update.
#[track_caller]
fn updated(table: &Table, update: &str) -> Value {
    let members = json!({"Key": {"id": {"S": "a"}}, "UpdateExpression": update, "ReturnValues": "ALL_NEW"});
    let (status, body) = table.perform("UpdateItem", &with_placeholders(request(members), update));
    assert_eq!(status, 200, "{update}: {body}");
    assert_eq!(body["Attributes"], table.items()["a"], "{update}");
    body["Attributes"].clone()
}

#[track_caller]
fn assert_invalid(table: &Table, operation: &str, request: &Value, message: &str) {
    let before = table.items();
    let (status, body) = table.perform(operation, request);
    assert_eq!((status, &body["__type"]), (400, &json!("com.amazon.coral.validate#ValidationException")), "{request}");
    assert!(body["message"].as_str().unwrap().contains(message), "{body} instead of {message}");
    assert_eq!(table.items(), before);
}

#[test]
fn conditions_on_an_item_that_is_there() {
    let table = [
        ("attribute_exists(id)", true),
        ("attribute_exists(absent)", false),
        ("attribute_not_exists(absent)", true),
        ("attribute_not_exists( #state )", false),
        ("#state = :open", true),
        ("nothing = :null", true),
        ("yes = :yes", true),
        ("word = :b", true),
        ("word <> :b", false),
        ("small = :nine", true),
        ("small < big", true),
        (":ten > small", true),
        ("word < :c AND word <= :b AND word >= :b AND word > :a", true),
        ("big <= :nine", false),
        ("big >= :nine", true),
        ("word IN (:a)", false),
        ("word in (:a, :b, :c)", true),
        ("absent IN (:a, absent)", false),
    ];
    for (condition, expected) in table {
        assert_eq!(holds(&self::table(&item()), condition), expected, "{condition}");
    }
}

#[test]
fn numbers_compare_as_numbers_and_texts_as_texts() {
    let table = table(&item());
    for condition in ["small < :ten", ":one = :one_too", ":one IN (:nine, :one_too)", ":nine_text > :ten_text"] {
        assert!(holds(&table, condition), "{condition}");
    }
}

#[test]
fn nothing_but_inequality_holds_between_different_types_or_with_what_is_absent() {
    let table = table(&item());
    for (left, right) in
        [("small", ":nine_text"), ("yes", ":one"), ("absent", ":a"), (":a", "absent"), ("absent", "gone")]
    {
        for operator in ["=", "<", "<=", ">", ">="] {
            assert!(!holds(&table, &format!("{left} {operator} {right}")), "{left} {operator} {right}");
        }
        assert!(!holds(&table, &format!("{left} IN ({right})")));
        assert!(holds(&table, &format!("{left} <> {right}")), "{left} <> {right}");
    }
    assert!(!holds(&table, "yes >= :yes") && !holds(&table, "nothing <= :null"), "equal, but without an order");
}

#[test]
fn paths_lead_into_maps() {
    let table = table(&item());
    for (condition, expected) in [
        ("state_ab.cookie = :c", true),
        ("#press.deep.#code = :one", true),
        ("#press . deep = :map", true),
        ("attribute_exists(state_ab.cookie)", true),
        ("attribute_exists(state_ab.absent)", false),
        ("attribute_exists(state_ab.cookie.absent)", false),
        ("attribute_not_exists(absent.#code)", true),
        ("attribute_exists(cookie)", false),
        ("#dotted = :dotted", true),
        ("attribute_exists(a.b)", false),
    ] {
        assert_eq!(holds(&table, condition), expected, "{condition}");
    }
}

#[test]
fn not_binds_more_than_and_which_binds_more_than_or() {
    let table = table(&item());
    for (condition, expected) in [
        ("1 OR 0 AND 0", true),
        ("(1 OR 0) AND 0", false),
        ("0 AND 0 OR 1", true),
        ("0 AND (0 OR 1)", false),
        ("NOT 0 AND 0", false),
        ("NOT (0 AND 0)", true),
        ("NOT 1 OR 1", true),
        ("NOT (1 OR 1)", false),
        ("not Not NOT 0", true),
        ("1 and 1 And 0 Or 1", true),
        ("(1) AND (0 OR (1 AND (NOT 0)))", true),
        ("NOT word = :a", true),
        ("NOT word IN (:a, :b)", false),
    ] {
        let written = condition.replace('1', "attribute_exists(id)").replace('0', "attribute_exists(absent)");
        assert_eq!(holds(&table, &written), expected, "{condition}");
    }
}

#[test]
fn an_item_that_is_absent_has_no_attribute_not_even_its_key() {
    for (condition, expected) in [
        ("attribute_exists(id)", false),
        ("attribute_not_exists(id)", true),
        ("id = :a", false),
        ("word <> :a", true),
        ("attribute_not_exists(state_ab.cookie)", true),
    ] {
        let table = Table::default();
        assert_eq!(holds(&table, condition), expected, "{condition}");
        assert_eq!(table.items().get("a"), expected.then_some(&json!({"id": {"S": "a"}})), "{condition}");
    }
}

#[test]
fn an_item_is_put_in_place_of_another_and_got() {
    let table = table(&item());
    let get = |id: &str| table.perform("GetItem", &request(json!({"Key": {"id": {"S": id}}, "ConsistentRead": true})));
    assert_eq!(get("a"), (200, json!({"Item": item()})));
    assert_eq!(get("b"), (200, json!({})));
    let put = json!({"Item": {"id": {"S": "a"}, "word": {"S": "c"}}, "ConditionExpression": "word = :b"});
    let put = with_placeholders(request(put), ":b");
    assert_eq!(table.clone().perform("PutItem", &put), (200, json!({})));
    assert_eq!(get("a"), (200, json!({"Item": put["Item"]})));
    let (status, body) = table.perform("PutItem", &put);
    assert_eq!((status, body.get("Item")), (400, None), "the request did not ask for the item");
    assert_eq!(table.requests().len(), 6);
    assert_eq!(table.requests()[5], ("PutItem".to_owned(), put));
}

#[test]
fn updates_set_and_remove() {
    let before = item();
    for (update, path, expected) in [
        ("SET word = :a", "/word", json!({"S": "a"})),
        ("set absent = :a, #new = :b", "/n-e w", json!({"S": "b"})),
        ("SET absent = if_not_exists(absent, :a)", "/absent", json!({"S": "a"})),
        ("SET word = if_not_exists(word, :a)", "/word", json!({"S": "b"})),
        ("SET word = :a, absent = if_not_exists(word, :c)", "/absent", json!({"S": "b"})),
        (
            "SET #press.#code = :one, #press.cookie = if_not_exists(#press.cookie, :a)",
            "/state_ab/M/code",
            json!({"N": "1"}),
        ),
        (
            "SET #press.#code = :one, #press.cookie = if_not_exists(#press.cookie, :a)",
            "/state_ab/M/cookie",
            json!({"S": "c"}),
        ),
        ("SET word = :map REMOVE small", "/word/M/code", json!({"N": "1"})),
        ("REMOVE word SET small = :ten", "/small", json!({"N": "10"})),
        ("REMOVE word, absent, big", "/big", Value::Null),
        ("remove state_ab.deep.#code, state_ab.absent", "/state_ab/M/deep", json!({"M": {}})),
    ] {
        let after = updated(&table(&before), update);
        assert_eq!(after.pointer(path), Some(&expected).filter(|value| !value.is_null()), "{update}");
        assert_eq!(after["id"], before["id"]);
    }
}

#[test]
fn an_update_creates_an_item_that_is_absent_unless_it_only_removes() {
    let table = Table::default();
    let remove = request(json!({"Key": {"id": {"S": "a"}}, "UpdateExpression": "REMOVE word, absent.word"}));
    assert_eq!(table.perform("UpdateItem", &remove), (200, json!({})));
    assert!(table.items().is_empty());
    assert_eq!(updated(&table, "SET word = :a REMOVE absent"), json!({"id": {"S": "a"}, "word": {"S": "a"}}));
}

#[test]
fn a_map_that_is_absent_is_not_created() {
    let table = table(&item());
    for update in [
        "SET absent.word = :a",
        "SET word.#code = :a",
        "SET #press.absent.#code = if_not_exists(#press.absent.#code, :a)",
        "REMOVE absent.word",
    ] {
        let members = json!({"Key": {"id": {"S": "a"}}, "UpdateExpression": update});
        assert_invalid(&table, "UpdateItem", &with_placeholders(request(members), update), "document path");
    }
    let members = json!({
        "Key": {"id": {"S": "a"}}, "UpdateExpression": "SET absent.word = :a", "ConditionExpression": "word = :a",
    });
    let (_, body) = table.perform("UpdateItem", &with_placeholders(request(members), ":a"));
    assert_eq!(body["message"], "The conditional request failed", "the condition comes first");
}

#[test]
fn faulty_conditions_are_refused() {
    let table = table(&item());
    let crowd = format!("word IN ({})", vec![":a"; 101].join(", "));
    for (condition, message) in [
        ("", "can not be empty"),
        (" ", "can not be empty"),
        ("word", "token: \"<EOF>\""),
        ("word =", "token: \"<EOF>\""),
        ("word = :a AND", "token: \"<EOF>\""),
        ("word = :a word", "token: \"word\""),
        ("word == :a", "token: \"=\""),
        ("word != :a", "token: \"!\""),
        ("(word = :a", "token: \"<EOF>\""),
        ("word = :a)", "token: \")\""),
        ("word IN ()", "token: \")\""),
        ("word IN :a", "token: \":a\""),
        ("attribute_exists()", "token: \")\""),
        ("attribute_exists(:a)", "token: \":a\""),
        ("attribute_exists word", "token: \"word\""),
        ("ATTRIBUTE_EXISTS(word)", "function: ATTRIBUTE_EXISTS"),
        ("if_not_exists(word, :a) = :a", "function: if_not_exists"),
        ("((word = :a))", "redundant parentheses"),
        ("word = :a AND ((word = :a OR word = :b))", "redundant parentheses"),
        ("n-e = :a", "token: \"-\""),
        ("1st = :a", "token: \"1st\""),
        ("_first = :a", "token: \"_first\""),
        ("größe = :a", "token: \"ö\""),
        ("state_ab. = :c", "token: \"=\""),
        ("state = :a", "reserved keyword: state"),
        ("word = :a OR Owner = :a", "reserved keyword: Owner"),
        ("attribute_exists(state_ab.connection)", "reserved keyword: connection"),
        ("attribute_exists(id) OR #unknown = :a", "attribute name: #unknown"),
        ("attribute_exists(id) OR word = :unknown", "attribute value: :unknown"),
        (&crowd, "at most 100"),
    ] {
        let members = json!({"Key": {"id": {"S": "a"}}, "ConditionExpression": condition});
        assert_invalid(&table, "UpdateItem", &with_placeholders(request(members), condition), message);
    }
}

#[test]
fn faulty_updates_are_refused() {
    let table = table(&item());
    for (update, message) in [
        ("", "can not be empty"),
        ("word = :a", "token: \"word\""),
        ("SET", "token: \"<EOF>\""),
        ("SET word :a", "token: \":a\""),
        ("SET word = :a,", "token: \"<EOF>\""),
        ("SET word = :a SET absent = :a", "token: \"SET\""),
        ("SET word = if_not_exists(word)", "token: \")\""),
        ("SET word = absent(word)", "function: absent"),
        ("SET :a = :a", "token: \":a\""),
        ("SET #state = :a, Status = :b", "reserved keyword: Status"),
        ("SET id = :a", "part of the key"),
        ("REMOVE id", "part of the key"),
        ("SET word = :a REMOVE word", "overlap"),
        ("SET #press = :a, state_ab.cookie = :a", "overlap"),
        ("SET #unknown = :a", "attribute name: #unknown"),
        ("SET word = :unknown", "attribute value: :unknown"),
    ] {
        let members = json!({"Key": {"id": {"S": "a"}}, "UpdateExpression": update});
        assert_invalid(&table, "UpdateItem", &with_placeholders(request(members), update), message);
    }
}

#[test]
fn faulty_requests_are_refused() {
    let table = table(&item());
    let (key, one) = (json!({"id": {"S": "a"}}), json!({":a": {"S": "a"}}));
    for (operation, members, message) in [
        ("GetItem", json!({}), "Key"),
        ("GetItem", json!({"Key": {}}), "key element"),
        ("GetItem", json!({"Key": {"id": {"S": "a"}, "word": {"S": "b"}}}), "key element"),
        ("GetItem", json!({"Key": {"id": {"S": ""}}}), "key id"),
        ("GetItem", json!({"Key": {"id": {"N": "1"}}}), "key id"),
        ("GetItem", json!({"Key": key, "ConditionExpression": "id = :a"}), "ConditionExpression"),
        ("GetItem", json!({"Key": key, "ConsistentRead": "yes"}), "boolean"),
        ("GetItem", json!({"Key": key, "TableName": null}), "null"),
        ("PutItem", json!({"Item": {"word": {"S": "b"}}}), "key id"),
        ("PutItem", json!({"Key": key}), "lacks a member"),
        ("PutItem", json!({"Item": key, "UpdateExpression": "REMOVE word"}), "another operation's"),
        ("PutItem", json!({"Item": key, "ReturnValues": "ALL_NEW"}), "ALL_OLD or NONE"),
        ("PutItem", json!({"Item": key, "ReturnValuesOnConditionCheckFailure": "ALL_NEW"}), "ALL_OLD or NONE"),
        ("PutItem", json!({"Item": {"id": {"S": "a"}, "word": {}}}), "exactly one"),
        ("PutItem", json!({"Item": {"id": {"S": "a"}, "word": {"S": "b", "N": "1"}}}), "exactly one"),
        ("PutItem", json!({"Item": {"id": {"S": "a"}, "word": {"S": 1}}}), "is no S"),
        ("PutItem", json!({"Item": {"id": {"S": "a"}, "word": {"M": {"word": {"N": "one"}}}}}), "is no N"),
        ("PutItem", json!({"Item": key, "Surprise": true}), "Surprise"),
        ("UpdateItem", json!({"Item": key}), "lacks a member"),
        ("UpdateItem", json!({"Key": key, "ReturnValues": "EVERYTHING"}), "EVERYTHING"),
        ("UpdateItem", json!({"Key": key, "ExpressionAttributeValues": one}), "unused: :a"),
        ("UpdateItem", json!({"Key": key, "ExpressionAttributeNames": {"#word": "word"}}), "unused: #word"),
        ("UpdateItem", json!({"Key": key, "ExpressionAttributeNames": {}}), "must not be empty"),
        ("UpdateItem", json!({"Key": key, "ExpressionAttributeValues": {}}), "must not be empty"),
        (
            "UpdateItem",
            json!({"Key": key, "ConditionExpression": "word = :b", "ExpressionAttributeValues": {
            ":a": {"S": "a"}, ":b": {"S": "c"}}}),
            "unused: :a",
        ),
    ] {
        assert_invalid(&table, operation, &request(members), message);
    }
    assert_invalid(&table, "GetItem", &json!({"Key": key}), "TableName");
    assert_invalid(&table, "GetItem", &json!("a"), "string");
}

#[test]
fn what_is_not_evaluated_is_used_all_the_same() {
    assert!(holds(&table(&item()), "word = :b OR #state = :a"));
    assert!(!holds(&table(&item()), "word = :a AND #state = :open"));
}

#[test]
fn every_reserved_word_is_known_in_small_letters_and_capitals() {
    for word in ["state", "OWNER", "Connection", "status", "name", "time", "timestamp", "user", "value", "values"] {
        assert!(is_reserved(word), "{word}");
    }
    for word in ["token", "role", "data", "date", "key", "reference", "until", "abort", "zone"] {
        assert!(is_reserved(word), "{word}");
    }
    for word in ["id", "browser", "cookie", "code", "finished", "outcome", "reason", "zon", ""] {
        assert!(!is_reserved(word), "{word}");
    }
}

#[test]
fn what_the_table_does_not_support_panics_and_leaves_it_as_it_was() {
    let table = table(&item());
    let key = json!({"id": {"S": "a"}});
    let update = |expression: &str| {
        let members = json!({"Key": key, "UpdateExpression": expression});
        ("UpdateItem", with_placeholders(request(members), expression))
    };
    let condition = |expression: &str| {
        let members = json!({"Key": key, "ConditionExpression": expression});
        ("UpdateItem", with_placeholders(request(members), expression))
    };
    for (operation, request) in [
        ("DeleteItem", request(json!({"Key": key}))),
        ("GetItem", request(json!({"Key": key, "ProjectionExpression": "id"}))),
        ("PutItem", request(json!({"Item": key, "ReturnValues": "ALL_OLD"}))),
        ("PutItem", request(json!({"Item": {"id": {"S": "a"}, "list": {"L": []}}}))),
        ("PutItem", request(json!({"Item": {"id": {"S": "a"}, "half": {"N": "0.5"}}}))),
        ("UpdateItem", request(json!({"Key": key, "ReturnValues": "UPDATED_NEW"}))),
        update("ADD small :one"),
        update("DELETE word :a"),
        update("SET small = :one + :one"),
        update("SET word = absent"),
        update("SET word = #press"),
        update("SET word = list_append(word, :a)"),
        condition("size(word) = :one"),
        condition("small BETWEEN :one AND :ten"),
        condition("word[0] = :a"),
    ] {
        let perform = std::panic::AssertUnwindSafe(|| table.perform(operation, &request));
        assert!(std::panic::catch_unwind(perform).is_err(), "{request}");
        assert_eq!(table.items()["a"], item());
    }
}
