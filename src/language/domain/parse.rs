//! From a tree to a domain: the shape of terms, the operators, the operands.
//!
//! In: a [`Value`]. Out: a [`Domain`] or the first thing that is wrong with it. Recursion (into `any`) is as deep
//! as the tree, which the literal reader has bounded.

use crate::language::domain::{Domain, FieldPath, Item, Operator, Term, TermValue};
use crate::language::error::TreeError;
use crate::value::Value;

const FLAT: &str = "a domain is one flat list: [\"|\", [\"name\", \"=\", \"a\"], [\"name\", \"=\", \"b\"]]";
const OPERATORS: &str = "an operator: = != > >= < <= =? like, not like, ilike, not ilike, =like, =ilike, in, not in, \
                         child_of, parent_of, any, not any";

pub(super) fn domain(value: Value<'_>) -> Result<Domain<'_>, TreeError> {
    let Value::List(values) = value else {
        return Err(
            TreeError::unfit("a list of terms", &value).hint("write [[\"name\", \"=\", \"a\"]]; [] is all records")
        );
    };
    if is_bare_term(&values) {
        let hint = "put the term into a list: [[\"name\", \"=\", \"a\"]]";
        return Err(TreeError::new("a list of terms", "one term").hint(hint));
    }
    let read = |(index, value)| item(value).map_err(|error: TreeError| error.below(index));
    let items = values.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    check_operands(&items)?;
    Ok(Domain { items })
}

/// A field or constant, an operator and a value, not in a list of terms.
fn is_bare_term(values: &[Value<'_>]) -> bool {
    match values {
        [Value::Text(_) | Value::Int(_), Value::Text(operator), _] => Operator::parse(operator).is_some(),
        _ => false,
    }
}

fn item(value: Value<'_>) -> Result<Item<'_>, TreeError> {
    const EXPECTED: &str = "\"&\", \"|\", \"!\" or a term";
    match value {
        Value::List(parts) => term(parts),
        Value::Text(symbol) => match symbol.as_ref() {
            "&" => Ok(Item::And),
            "|" => Ok(Item::Or),
            "!" => Ok(Item::Not),
            _ => Err(TreeError::unfit(EXPECTED, &Value::Text(symbol))),
        },
        other => Err(TreeError::unfit(EXPECTED, &other)),
    }
}

fn term(parts: Vec<Value<'_>>) -> Result<Item<'_>, TreeError> {
    let [left, operator, value] = <[Value<'_>; 3]>::try_from(parts).map_err(not_three)?;
    match left {
        Value::Text(path) => {
            let path = FieldPath::parse(path).map_err(|text| {
                TreeError::unfit("a field, or fields with dots between them", &Value::Text(text)).below(0)
            })?;
            let operator = parse_operator(&operator).map_err(|error| error.below(1))?;
            let value = term_value(operator, value).map_err(|error| error.below(2))?;
            Ok(Item::Term(Term { path, operator, value }))
        }
        Value::Int(left) => constant(left, &operator, &value).map_err(|error| error.below(0)),
        Value::List(_) => Err(TreeError::unfit("a field", &left).hint(FLAT).below(0)),
        other => Err(TreeError::unfit("a field", &other).below(0)),
    }
}

fn not_three(parts: Vec<Value<'_>>) -> TreeError {
    let error = TreeError::new("a term of three: field, operator, value", format!("a list of {}", parts.len()));
    match parts.first() {
        Some(Value::List(_)) => error.hint(FLAT),
        _ => error,
    }
}

fn constant<'a>(left: i64, operator: &Value<'_>, value: &Value<'_>) -> Result<Item<'a>, TreeError> {
    let says_equal_one =
        operator.as_text().and_then(Operator::parse) == Some(Operator::Equal) && *value == Value::Int(1);
    match left {
        1 if says_equal_one => Ok(Item::True),
        0 if says_equal_one => Ok(Item::False),
        _ => Err(TreeError::new("a field, [1, \"=\", 1] or [0, \"=\", 1]", left.to_string())),
    }
}

fn parse_operator(value: &Value<'_>) -> Result<Operator, TreeError> {
    let operator = value.as_text().and_then(Operator::parse);
    operator.ok_or_else(|| {
        let error = TreeError::unfit(OPERATORS, value);
        match value.as_text() {
            Some("any!" | "not any!") => error.hint("operators that pass over record rules are never accepted"),
            _ => error,
        }
    })
}

fn term_value(operator: Operator, value: Value<'_>) -> Result<TermValue<'_>, TreeError> {
    match value {
        value if operator.wants_domain() => domain(value).map(TermValue::Sub),
        Value::List(items) => {
            let read = |(index, value)| scalar(value).map_err(|error: TreeError| error.below(index));
            let items = items.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
            Ok(TermValue::Value(Value::List(items)))
        }
        value if operator.wants_list() => {
            let expected = format!("a list behind \"{}\"", operator.as_str());
            Err(TreeError::unfit(expected, &value).hint(format!("write [{}]", value.excerpt(64))))
        }
        value => scalar(value).map(TermValue::Value),
    }
}

fn scalar(value: Value<'_>) -> Result<Value<'_>, TreeError> {
    match value {
        Value::Null => Ok(Value::Bool(false)),
        Value::List(_) | Value::Map(_) => Err(TreeError::unfit("a text, number or boolean", &value)),
        scalar => Ok(scalar),
    }
}

/// Walks from the end and counts what is complete: `!` makes one out of one, `&` and `|` one out of two.
fn check_operands(items: &[Item<'_>]) -> Result<(), TreeError> {
    let mut complete = 0_usize;
    for (index, item) in items.iter().enumerate().rev() {
        match item {
            Item::Term(_) | Item::True | Item::False => complete += 1,
            Item::Not if complete >= 1 => {}
            Item::And | Item::Or if complete >= 2 => complete -= 1,
            Item::Not => return Err(TreeError::new("an operand behind \"!\"", "none").below(index)),
            Item::And => return Err(too_few("&", complete).below(index)),
            Item::Or => return Err(too_few("|", complete).below(index)),
        }
    }
    Ok(())
}

fn too_few(operator: &str, found: usize) -> TreeError {
    let error = TreeError::new(format!("two operands behind \"{operator}\""), if found == 0 { "none" } else { "one" });
    error.hint(format!("the operator stands before its operands: [\"{operator}\", [...], [...]]"))
}
