//! One call of a method of an Odoo model: what `execute_kw` gets.
//!
//! In: names and values. Out: [`Call`]. Must not know: XML-RPC, who calls. Leading arguments are given by position:
//! their names differ between Odoo 14 and 19 (`args`, `domain`, `filter`), their places do not.

use crate::names::{FieldName, MethodName, ModelName, RecordId};
use crate::value::{Member, Value};

/// What a call leaves behind; decides whether it may be sent again when nobody knows whether it ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it may be repeated.
    Read,
    /// Perhaps something: it is sent once.
    Write,
}

/// A call of `model.method(*args, **kwargs)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The model.
    pub model: ModelName,
    /// The method, one that may be called from outside.
    pub method: MethodName,
    /// Positional arguments; of a record method the first is the list of ids.
    pub args: Vec<Value<'static>>,
    /// Named arguments, the context among them.
    pub kwargs: Vec<Member<'static>>,
    /// What it leaves behind.
    pub effect: Effect,
}

impl Call {
    /// A call of one of the ORM's methods that every Odoo has.
    pub(super) fn orm(
        model: &ModelName,
        method: OrmMethod,
        args: Vec<Value<'static>>,
        context: &[Member<'static>],
    ) -> Self {
        Self {
            model: model.clone(),
            method: method.name(),
            args,
            kwargs: with_context(Vec::new(), context),
            effect: method.effect(),
        }
    }

    /// The same call of a record method on other records.
    #[must_use]
    pub fn on(mut self, ids: &[RecordId]) -> Self {
        if let Some(first) = self.args.first_mut() {
            *first = id_list(ids);
        }
        self
    }

    /// The same call with more named arguments.
    pub(super) fn named(mut self, arguments: &[Member<'static>]) -> Self {
        self.kwargs.splice(..0, arguments.iter().cloned());
        self
    }
}

/// Adds the context to named arguments; an empty one is not sent.
pub(super) fn with_context(mut kwargs: Vec<Member<'static>>, context: &[Member<'static>]) -> Vec<Member<'static>> {
    if !context.is_empty() {
        kwargs.push(("context".into(), Value::Map(context.to_vec())));
    }
    kwargs
}

macro_rules! orm_methods {
    ($($variant:ident $name:literal $effect:ident;)*) => {
        /// The methods that the gateway calls on its own account.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum OrmMethod {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl OrmMethod {
            /// Its name.
            #[must_use]
            pub fn name(self) -> MethodName {
                MethodName::of_literal(match self { $(Self::$variant => $name,)* })
            }

            fn effect(self) -> Effect {
                match self { $(Self::$variant => Effect::$effect,)* }
            }
        }
    };
}

orm_methods! {
    CheckAccessRights "check_access_rights" Read;
    Create            "create"              Write;
    FieldsGet         "fields_get"          Read;
    Read              "read"                Read;
    Search            "search"              Read;
    SearchCount       "search_count"        Read;
    SearchRead        "search_read"         Read;
    Unlink            "unlink"              Write;
    WebRead           "web_read"            Read;
    WebSearchRead     "web_search_read"     Read;
    Write             "write"               Write;
}

/// Ids as Odoo takes them.
pub(super) fn id_list(ids: &[RecordId]) -> Value<'static> {
    ids.iter().map(|id| Value::Int(id.get())).collect()
}

/// Field names as Odoo takes them.
pub(super) fn name_list<'n>(names: impl IntoIterator<Item = &'n FieldName>) -> Value<'static> {
    names.into_iter().map(|name| Value::from(name.as_str().to_owned())).collect()
}
