//! From a tree to a domain: the shape of terms, the operators, the operands. See the grammar in [`super`].
//!
//! In: a [`Value`]. Out: a [`Domain`] or the first error. Must not know: fields, versions. Recursion (into `any`) is
//! as deep as the tree, which the literal parser has limited.

use crate::language::domain::{Domain, DomainItem, FieldPath, Operator, Term, TermValue};
use crate::language::tree_error::TreeError;
use crate::value::Value;

const FLAT: &str = "a domain is one flat list: [\"|\", [\"name\", \"=\", \"a\"], [\"name\", \"=\", \"b\"]]";
const OPERATORS: &str = "an operator: = != > >= < <= =? like, not like, ilike, not ilike, =like, =ilike, in, not in, \
                         child_of, parent_of, any, not any";

pub(super) fn parse_domain(value: Value<'_>) -> Result<Domain<'_>, TreeError> {
    let Value::List(values) = value else {
        return Err(TreeError::mismatch("a list of terms", &value)
            .with_hint("write [[\"name\", \"=\", \"a\"]]; [] is all records"));
    };
    if is_bare_term(&values) {
        let hint = "wrap the term in a list: [[\"name\", \"=\", \"a\"]]";
        return Err(TreeError::new("a list of terms", "one term").with_hint(hint));
    }
    let parse = |(index, value)| parse_item(value).map_err(|error: TreeError| error.below(index));
    let items = values.into_iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()?;
    check_operands(&items)?;
    Ok(Domain { items })
}

/// Whether this is a term that is not wrapped in a list of terms.
fn is_bare_term(values: &[Value<'_>]) -> bool {
    match values {
        [Value::Text(_) | Value::Int(_), Value::Text(operator), _] => Operator::parse(operator).is_some(),
        _ => false,
    }
}

fn parse_item(value: Value<'_>) -> Result<DomainItem<'_>, TreeError> {
    const EXPECTED: &str = "\"&\", \"|\", \"!\" or a term";
    match value {
        Value::List(parts) => parse_term(parts),
        Value::Text(symbol) => match symbol.as_ref() {
            "&" => Ok(DomainItem::And),
            "|" => Ok(DomainItem::Or),
            "!" => Ok(DomainItem::Not),
            _ => Err(TreeError::mismatch(EXPECTED, &Value::Text(symbol))),
        },
        other => Err(TreeError::mismatch(EXPECTED, &other)),
    }
}

fn parse_term(parts: Vec<Value<'_>>) -> Result<DomainItem<'_>, TreeError> {
    let [left, operator, value] = <[Value<'_>; 3]>::try_from(parts).map_err(wrong_length)?;
    match left {
        Value::Text(path) => {
            let path = FieldPath::parse(path).map_err(|text| {
                TreeError::mismatch("a field, or fields with dots between them", &Value::Text(text)).below(0)
            })?;
            let operator = parse_operator(&operator).map_err(|error| error.below(1))?;
            let value = parse_term_value(operator, value).map_err(|error| error.below(2))?;
            Ok(DomainItem::Term(Box::new(Term { path, operator, value })))
        }
        Value::Int(left) => parse_constant(left, &operator, &value).map_err(|error| error.below(0)),
        Value::List(_) => Err(TreeError::mismatch("a field", &left).with_hint(FLAT).below(0)),
        other => Err(TreeError::mismatch("a field", &other).below(0)),
    }
}

fn wrong_length(parts: Vec<Value<'_>>) -> TreeError {
    let error = TreeError::new("a term of three parts: field, operator, value", format!("a list of {}", parts.len()));
    match parts.first() {
        Some(Value::List(_)) => error.with_hint(FLAT),
        _ => error,
    }
}

fn parse_constant<'a>(left: i64, operator: &Value<'_>, value: &Value<'_>) -> Result<DomainItem<'a>, TreeError> {
    let is_equal_one = operator.as_text().and_then(Operator::parse) == Some(Operator::Equal) && *value == Value::Int(1);
    match left {
        1 if is_equal_one => Ok(DomainItem::True),
        0 if is_equal_one => Ok(DomainItem::False),
        _ => Err(TreeError::new("a field, [1, \"=\", 1] or [0, \"=\", 1]", left.to_string())),
    }
}

fn parse_operator(value: &Value<'_>) -> Result<Operator, TreeError> {
    let operator = value.as_text().and_then(Operator::parse);
    operator.ok_or_else(|| {
        let error = TreeError::mismatch(OPERATORS, value);
        match value.as_text() {
            Some("any!" | "not any!") => error.with_hint("operators that bypass record rules are never accepted"),
            _ => error,
        }
    })
}

fn parse_term_value(operator: Operator, value: Value<'_>) -> Result<TermValue<'_>, TreeError> {
    match value {
        value if operator.wants_domain() => parse_domain(value).map(TermValue::Domain),
        Value::List(items) => {
            let parse = |(index, value)| parse_scalar(value).map_err(|error: TreeError| error.below(index));
            let items = items.into_iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()?;
            Ok(TermValue::Value(Value::List(items)))
        }
        value if operator.wants_list() => {
            let expected = format!("a list after \"{}\"", operator.as_str());
            Err(TreeError::mismatch(expected, &value).with_hint(format!("write [{}]", value.excerpt(64))))
        }
        value => parse_scalar(value).map(TermValue::Value),
    }
}

fn parse_scalar(value: Value<'_>) -> Result<Value<'_>, TreeError> {
    match value {
        Value::Null => Ok(Value::Bool(false)),
        Value::List(_) | Value::Map(_) => Err(TreeError::mismatch("a string, number or boolean", &value)),
        scalar => Ok(scalar),
    }
}

/// Walks from the end and counts complete operands: `!` makes one out of one, `&` and `|` one out of two.
fn check_operands(items: &[DomainItem<'_>]) -> Result<(), TreeError> {
    let mut complete = 0_usize;
    for (index, item) in items.iter().enumerate().rev() {
        match item {
            DomainItem::Term(_) | DomainItem::True | DomainItem::False => complete += 1,
            DomainItem::Not if complete >= 1 => {}
            DomainItem::And | DomainItem::Or if complete >= 2 => complete -= 1,
            DomainItem::Not => return Err(TreeError::new("an operand after \"!\"", "none").below(index)),
            DomainItem::And => return Err(too_few("&", complete).below(index)),
            DomainItem::Or => return Err(too_few("|", complete).below(index)),
        }
    }
    Ok(())
}

fn too_few(operator: &str, found: usize) -> TreeError {
    let error = TreeError::new(format!("two operands after \"{operator}\""), if found == 0 { "none" } else { "one" });
    error.with_hint(format!("the operator comes before its operands: [\"{operator}\", [...], [...]]"))
}
