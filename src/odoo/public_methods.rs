//! The public methods of a model beyond those that every model has, as far as Odoo tells them.
//!
//! In: a user, a model. Out: [`PublicMethods`]. Must not know: who asks for them, which of them a caller may call.
//!
//! Odoo 19 and later describe every method, to users who may read the technical documentation. Otherwise, the form of
//! the model names the methods of its buttons: those that users of Odoo itself call on a record.

use std::collections::BTreeSet;

use super::client::CallProtocol;
use super::database::Database;
use super::user::OdooUser;
use crate::error::Problem;
use crate::names::{MethodName, ModelName};
use crate::plan::{Call, Effect};
use crate::value::Value;

/// The version that describes methods.
const DESCRIBES_METHODS: u8 = 19;
/// The version that has `get_view` in place of `fields_view_get`.
const HAS_GET_VIEW: u8 = 16;

/// What Odoo tells about the methods of a model.
#[derive(Debug, Clone, PartialEq)]
pub enum PublicMethods {
    /// All of them, each with its description.
    Described(Value<'static>),
    /// The methods of the buttons that the user sees. They are called on records, without arguments.
    Buttons(BTreeSet<MethodName>),
}

impl Database {
    /// The public methods of a model that the user may read.
    ///
    /// # Errors
    /// If Odoo does not tell its version.
    pub async fn public_methods(&self, user: &OdooUser, model: &ModelName) -> Result<PublicMethods, Problem> {
        let major = self.metadata.cached_version().await?.major;
        if major >= DESCRIBES_METHODS
            && let Some(described) = self.client.described_methods(user, model).await
        {
            return Ok(PublicMethods::Described(described));
        }
        Ok(PublicMethods::Buttons(self.button_methods(user, model, major).await))
    }

    /// None for a model without a form, or whose form cannot be shown to the user.
    async fn button_methods(&self, user: &OdooUser, model: &ModelName, major: u8) -> BTreeSet<MethodName> {
        let method = if major >= HAS_GET_VIEW { "get_view" } else { "fields_view_get" };
        let call = Call {
            model: model.clone(),
            method: MethodName::from_static(method),
            args: Vec::new(),
            kwargs: vec![("view_type".into(), "form".into())],
            effect: Effect::Read,
        };
        let Ok(reply) = self.client.call_method(user, &call, CallProtocol::Best).await else { return BTreeSet::new() };
        let Ok(view) = reply.value() else { return BTreeSet::new() };
        view.get("arch").and_then(Value::as_text).map(methods_of_buttons).unwrap_or_default()
    }
}

/// The methods of the buttons outside of fields: those of lines belong to another model.
fn methods_of_buttons(arch: &str) -> BTreeSet<MethodName> {
    let mut methods = BTreeSet::new();
    let (mut rest, mut depth) = (arch, 0_usize);
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        // Odoo escapes `<` and `>` in the values of attributes.
        let Some((tag, after)) = after.split_once('>') else { break };
        rest = after;
        match tag.split([' ', '\n', '\t', '/']).next() {
            Some("field") if !tag.ends_with('/') => depth += 1,
            Some("") if tag.starts_with("/field") => depth = depth.saturating_sub(1),
            Some("button") if depth == 0 && attribute(tag, "type") == Some("object") => {
                methods.extend(attribute(tag, "name").and_then(|name| MethodName::parse(name).ok()));
            }
            _ => {}
        }
    }
    methods
}

/// The value of an attribute that contains no references.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let start = format!(" {name}=\"");
    let (_, value) = tag.split_once(&start)?;
    value.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn methods(arch: &str) -> Vec<String> {
        methods_of_buttons(arch).into_iter().map(|method| method.as_str().to_owned()).collect()
    }

    #[test]
    fn buttons_of_the_model_are_found_but_not_those_of_its_lines() {
        let arch = r#"<form string="a &gt; b"><header>
            <button name="action_confirm" type="object" string="Confirm"/>
            <button type="object" name="action_cancel"><span/></button>
            <button name="42" type="action"/><button name="edit" special="cancel"/>
            <!-- <button name="in_comment" type="object"/> --></header>
            <field name="partner_id"/>
            <field name="order_line"><list><field name="name"/><button name="of_line" type="object"/></list></field>
            <footer><button name="after_lines" type="object"/></footer></form>"#;
        assert_eq!(methods(arch), ["action_cancel", "action_confirm", "after_lines"]);
    }

    #[test]
    fn other_texts_have_no_buttons() {
        let comment = "<!-- <button name=\"x\" type=\"object\"/>";
        for text in ["", "<", "<form", "<button name=\"x", comment, "</field></field>"] {
            assert!(methods(text).is_empty(), "{text}");
        }
        assert!(methods(r#"<button type="object" name="no name"/><button type="object"/>"#).is_empty());
    }
}
