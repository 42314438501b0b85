//! One call of a method of an Odoo model: the arguments of `execute_kw`.
//!
//! In: names and values. Out: [`Call`]. Must not know: XML-RPC, who calls. Leading arguments are positional: their
//! names differ between Odoo 14 and 19 (`args`, `domain`, `filter`), their positions do not.

use crate::names::{MethodName, ModelName, RecordId};
use crate::value::{Member, Value};

/// Whether a call can change data; decides whether it may be sent again if its outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing and may be repeated.
    Read,
    /// It may change data and is sent only once.
    Write,
}

/// A call of `model.method(*args, **kwargs)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The model.
    pub model: ModelName,
    /// The method; never a private one.
    pub method: MethodName,
    /// Positional arguments; for a record method the first one is the list of ids.
    pub args: Vec<Value<'static>>,
    /// Named arguments, the context among them.
    pub kwargs: Vec<Member<'static>>,
    /// Whether it can change data.
    pub effect: Effect,
}

impl Call {
    /// A call of an ORM method that every Odoo has.
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

    /// The same record method on other records.
    #[must_use]
    pub fn with_ids(mut self, ids: &[RecordId]) -> Self {
        if let Some(first) = self.args.first_mut() {
            *first = id_list(ids);
        }
        self
    }

    /// The same call with more named arguments.
    pub(super) fn with_kwargs(mut self, arguments: &[Member<'static>]) -> Self {
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
        /// The ORM methods that the gateway calls itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum OrmMethod {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl OrmMethod {
            /// Its name.
            #[must_use]
            pub fn name(self) -> MethodName {
                MethodName::from_static(match self { $(Self::$variant => $name,)* })
            }

            fn effect(self) -> Effect {
                match self { $(Self::$variant => Effect::$effect,)* }
            }
        }
    };
}

orm_methods! {
    CheckAccessRights "check_access_rights" Read;
    HasAccess         "has_access"          Read;
    Create            "create"              Write;
    FieldsGet         "fields_get"          Read;
    Read              "read"                Read;
    Search            "search"              Read;
    SearchCount       "search_count"        Read;
    SearchRead        "search_read"         Read;
    Unlink            "unlink"              Write;
    WebRead           "web_read"            Read;
    WebSave           "web_save"            Write;
    WebSearchRead     "web_search_read"     Read;
    Write             "write"               Write;
}

/// Ids as an argument.
pub(super) fn id_list(ids: &[RecordId]) -> Value<'static> {
    ids.iter().map(|id| Value::Int(id.get())).collect()
}

/// Field names as an argument.
pub(super) fn name_list<'n>(names: impl IntoIterator<Item = &'n str>) -> Value<'static> {
    names.into_iter().map(|name| Value::from(name.to_owned())).collect()
}
