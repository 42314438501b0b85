//! Rejected requests, one escape per line: by the scope with 403 `scope_forbidden`, or for every credential.

use super::Attempt;

/// Whether a request changes nothing, so that it may be sent with the full scope.
pub(super) fn only_reads(line: &str) -> bool {
    const READS: [&str; 10] = [
        "/search?",
        "/search_count?",
        "/search_read?",
        "/web_read?",
        "/web_search_read?",
        "/export_data?",
        "/read_group?",
        "/formatted_read_group?",
        "/formatted_read_grouping_sets?",
        "/read_progress_bar?",
    ];
    line.starts_with("GET ") || READS.iter().any(|read| line.contains(read))
}

pub(super) const BY_THE_CLERK: &[Attempt] = &[
    ("another model is read", "GET res.users/search_count"),
    ("another model's record is read", "GET res.users/2?fields=login"),
    ("another model is searched by a call", "POST res.users/search?args=[[]]"),
    // Nested commands.
    ("command 0 creates a user", "PUT res.partner/ID?vals={'user_ids':[[0,0,{'login':'k05','password':'k05'}]]}"),
    ("command 1 updates a user", "PUT res.partner/ID?vals={'user_ids':[[1,2,{'password':'k05'}]]}"),
    ("command 2 deletes a user", "PUT res.partner/ID?vals={'user_ids':[[2,2]]}"),
    ("command 3 unlinks a user", "PUT res.partner/ID?vals={'user_ids':[[3,2]]}"),
    ("command 4 links a user", "PUT res.partner/ID?vals={'user_ids':[[4,2]]}"),
    ("command 5 unlinks all users", "PUT res.partner/ID?vals={'user_ids':[[5]]}"),
    ("command 6 replaces the users", "PUT res.partner/ID?vals={'user_ids':[[6,0,[2]]]}"),
    ("a user is linked by id", "PUT res.partner/ID?vals={'user_id':2}"),
    ("a user is linked by id to a new contact", "POST res.partner?vals={'name':'x','user_id':2}"),
    ("a default links a user", "POST res.partner?vals={'name':'x'}&context={'default_user_id':2}"),
    ("a user is created with a contact", "POST res.partner?vals={'name':'x','user_ids':[[0,0,{'login':'k05'}]]}"),
    (
        "a user is created with one of many",
        "POST res.partner?vals=[{'name':'x'},{'name':'y','user_ids':[[0,0,{'login':'k05'}]]}]",
    ),
    (
        "a user is created two relations away",
        "PUT res.partner/ID?vals={'child_ids':[[0,0,{'name':'x','user_ids':[[0,0,{'login':'k05'}]]}]]}",
    ),
    ("a user is created by a call of write", "POST res.partner/write?args=[[ID],{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    (
        "a user is created by a method of a record",
        "POST res.partner/ID/write?args=[{'user_ids':[[0,0,{'login':'k05'}]]}]",
    ),
    (
        "a user is created by a named argument",
        "POST res.partner/ID/write?kwargs={'vals':{'user_ids':[[0,0,{'login':'k05'}]]}}",
    ),
    (
        "a user is created by a call of create",
        "POST res.partner/create?args=[{'name':'x','user_ids':[[0,0,{'login':'k05'}]]}]",
    ),
    ("a contact is deleted by a command", "PUT res.partner/ID?vals={'child_ids':[[2,ID]]}"),
    ("contacts are deleted by replacing them", "PUT res.partner/ID?vals={'child_ids':[[6,0,[]]]}"),
    ("a contact is deleted", "DELETE res.partner/ID"),
    ("a contact is deleted by a call", "POST res.partner/unlink?args=[[ID]]"),
    ("a record is sent instead of a command", "PUT res.partner/ID?vals={'user_ids':[{'login':'k05'}]}"),
    // Domains, orders, groups.
    ("a domain guesses logins", "GET res.partner/search_count?domain=[('user_ids.login','=like','adm%')]"),
    ("a domain guesses within any", "GET res.partner/search?domain=[('user_ids','any',[('login','=','admin')])]"),
    ("a domain compares a relation by name", "GET res.partner?domain=[('user_ids','ilike','adm')]"),
    ("a domain takes a detour through contacts", "GET res.partner?domain=[('child_ids.user_ids.login','=','admin')]"),
    ("a domain compares the creator", "GET res.partner/search?domain=[('create_uid.login','=','admin')]"),
    ("a domain of a call guesses logins", "POST res.partner/search_count?args=[[['user_ids.login','=like','adm%']]]"),
    (
        "a named domain of a call guesses logins",
        "POST res.partner/search?kwargs={'domain':[['user_ids.login','=','admin']]}",
    ),
    ("an order sorts by users", "GET res.partner?order=user_id&limit=1"),
    ("an order of a call sorts by users", "POST res.partner/search_read?args=[[],['name'],0,1,'create_uid desc']"),
    ("groups show users", "POST res.partner/read_group?args=[[],['id:count'],['user_id']]"),
    ("groups show logins", "POST res.partner/formatted_read_group?args=[[],['user_id.login'],['__count']]"),
    (
        "sets of groups show logins",
        "POST res.partner/formatted_read_grouping_sets?args=[[],[['type'],['user_id.login']],['__count']]",
    ),
    ("groups of the web client show users", "POST res.partner/web_read_group?args=[[],['user_id'],['__count']]"),
    (
        "a progress bar groups by users",
        "POST res.partner/read_progress_bar?args=[[],'user_id',{'field':'type','colors':{}}]",
    ),
    // Nested reads.
    ("an export reads logins", "POST res.partner/export_data?args=[[ID],['name','user_ids/login']]"),
    (
        "an export takes a detour through contacts",
        "POST res.partner/export_data?args=[[ID],['child_ids/user_ids/login']]",
    ),
    ("a nested read shows logins", "POST res.partner/web_read?args=[[ID],{'user_ids':{'fields':{'login':{}}}}]"),
    (
        "a nested read takes a detour through contacts",
        "POST res.partner/web_read?args=[[ID],{'child_ids':{'fields':{'user_ids':{'fields':{'login':{}}}}}}]",
    ),
    (
        "a nested read of a record shows logins",
        "POST res.partner/ID/web_read?args=[{'create_uid':{'fields':{'login':{}}}}]",
    ),
    ("a nested search shows logins", "POST res.partner/web_search_read?args=[[],{'user_ids':{'fields':{'login':{}}}}]"),
    (
        "a saved form returns logins",
        "POST res.partner/web_save?args=[[ID],{'name':'x'},{'user_ids':{'fields':{'login':{}}}}]",
    ),
    ("a form shows logins", "POST res.partner/onchange?args=[[],{},[],{'user_ids':{'fields':{'login':{}}}}]"),
    ("a read names a path", "POST res.partner/read?args=[[ID],['user_ids.login']]"),
    ("a search panel lists users", "POST res.partner/search_panel_select_range?args=['user_id']"),
    ("names are searched by logins", "POST res.partner/name_search?args=['',[['user_ids.login','=','admin']]]"),
    // Indirect writes.
    ("a saved form creates a user", "POST res.partner/web_save?args=[[ID],{'user_ids':[[0,0,{'login':'k05'}]]},{}]"),
    (
        "a new form creates a user",
        "POST res.partner/web_save?args=[[],{'name':'x','user_ids':[[0,0,{'login':'k05'}]]},{}]",
    ),
    (
        "a form that is not saved creates a user",
        "POST res.partner/onchange?args=[[],{'user_ids':[[0,0,{'login':'k05'}]]},['name'],{'name':{}}]",
    ),
    ("a copy creates a user", "POST res.partner/copy?args=[[ID],{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    ("a user is copied", "POST res.users/copy?args=[[2],{'login':'k05'}]"),
    ("a user is created by name", "POST res.users/name_create?args=['k05']"),
    ("the defaults of users are read", "POST res.users/default_get?args=[['lang']]"),
    ("an import creates users", "POST res.partner/load?args=[['name','user_ids/login'],[['x','k05']]]"),
    ("an import looks users up", "POST res.partner/load?args=[['name','user_id'],[['x','Administrator']]]"),
    ("an import of another name", "POST res.partner/import_data?args=[['name'],[['x']]]"),
    // Methods.
    ("a button is pressed", "POST res.partner/open_commercial_entity?args=[[ID]]"),
    ("a message is posted", "POST res.partner/message_post?args=[[ID]]&kwargs={'body':'x'}"),
    ("a report on another model", "POST ir.actions.report/report_action?args=[[1],[2]]"),
    // Records attached to other models.
    ("all attachments are searched", "GET ir.attachment/search"),
    ("attachments of users are searched", "GET ir.attachment/search?domain=[('res_model','=','res.users')]"),
    (
        "attachments of contacts or of all",
        "GET ir.attachment/search?domain=['|',('res_model','=','res.partner'),('id','>',0)]",
    ),
    ("attachments of all but contacts", "GET ir.attachment/search?domain=[('res_model','!=','res.partner')]"),
    ("an attachment is read by its id", "GET ir.attachment/1?fields=name"),
    ("attachments are exported by id", "POST ir.attachment/export_data?args=[[1],['name']]"),
    ("an attachment is added to a user", "POST ir.attachment?vals={'name':'x','res_model':'res.users','res_id':2}"),
    ("messages are read", "GET mail.message/search_count"),
    (
        "messages are searched through contacts",
        "GET res.partner/search_count?domain=[('message_ids.body','ilike','a')]",
    ),
    ("messages are written", "PUT res.partner/ID?vals={'message_ids':[[0,0,{'body':'x'}]]}"),
    ("messages are exported", "POST res.partner/export_data?args=[[ID],['message_ids/body']]"),
    ("messages are read with contacts", "POST res.partner/web_read?args=[[ID],{'message_ids':{'fields':{'body':{}}}}]"),
    // The context.
    (
        "a default creates a user",
        "POST res.partner?vals={'name':'x'}&context={'default_user_ids':[[0,0,{'login':'k05'}]]}",
    ),
    (
        "a default creates a user in name_create",
        "POST res.partner/name_create?args=['x']&context={'default_user_ids':[[0,0,{'login':'k05'}]]}",
    ),
    (
        "a default in named arguments creates a user",
        "POST res.partner/name_create?args=['x']&kwargs={'context':{'default_user_ids':[[0,0,{'login':'k05'}]]}}",
    ),
    (
        "a default creates a user with a child",
        "PUT res.partner/ID?vals={'child_ids':[[0,0,{'name':'x'}]]}&context={'default_user_ids':[[0,0,{'login':'k05'}]]}",
    ),
    (
        "a default creates a user with an import",
        "POST res.partner/load?args=[['name'],[['x']]]&context={'default_user_ids':[[0,0,{'login':'k05'}]]}",
    ),
    ("a context key reveals more fields", "GET res.partner/ID?fields=display_name&context={'show_email':True}"),
    ("a form is opened from users", "GET res.partner/ID?fields=name&context={'active_model':'res.users'}"),
    (
        "a nested read has a context of its own",
        "POST res.partner/web_read?args=[[ID],{'country_id':{'fields':{'name':{}},'context':{'x':1}}}]",
    ),
];

pub(super) const WITH_A_STAR: &[Attempt] = &[
    ("external ids are read", "POST res.partner/get_metadata?args=[[ID]]"),
    ("users are read", "GET res.users/search_count"),
    ("keys of users are read", "GET res.users.apikeys/search"),
    ("groups are read", "GET res.groups/search"),
    ("a user is created", "POST res.users?vals={'name':'x','login':'k05'}"),
    ("a password is changed", "POST res.users/change_password?args=['admin','k05']"),
    ("settings are read", "GET ir.config_parameter?fields=value"),
    ("rights are changed", "PUT ir.model.access/1?vals={'perm_unlink':True}"),
    ("code is run", "POST ir.actions.server/run?args=[[1]]"),
    ("a job is run", "POST ir.cron/method_direct_trigger?args=[[1]]"),
    ("a module is installed", "POST ir.module.module/button_immediate_install?args=[[1]]"),
    ("modules are upgraded", "POST base.module.upgrade/upgrade_module?args=[[1]]"),
    ("attachments are read", "GET ir.attachment/search"),
    ("a template is rendered", "POST mail.template/send_mail?args=[[1],1]"),
    ("a user is created from a contact", "PUT res.partner/ID?vals={'user_ids':[[0,0,{'login':'k05'}]]}"),
    ("a domain guesses logins", "GET res.partner/search_count?domain=[('user_ids.login','=like','adm%')]"),
    ("an export reads logins", "POST res.partner/export_data?args=[[ID],['user_ids/login']]"),
    ("a nested read shows logins", "POST res.partner/web_read?args=[[ID],{'user_ids':{'fields':{'login':{}}}}]"),
    ("an order sorts by users", "GET res.partner?order=user_id&limit=1"),
    ("a search panel lists users", "POST res.partner/search_panel_select_range?args=['user_id']"),
    ("a copy is prepared", "POST res.partner/copy_data?args=[[ID]]"),
    ("an external id is created", "POST res.partner/export_data?args=[[ID],['id']]"),
    ("a method is called with defaults", "POST res.partner/message_post?args=[[ID]]&context={'default_user_ids':[]}"),
];

/// Rejected for every credential with 403 `private_method`.
pub(super) const BY_PRIVATE_METHODS: &[Attempt] = &[
    ("a filter guesses logins", "POST res.partner/filtered_domain?args=[[ID],[['user_ids.login','=','admin']]]"),
    ("a filter follows a path", "POST res.partner/filtered?args=[[ID],'user_ids.login']"),
    ("a map follows a path", "POST res.partner/mapped?args=[[ID],'user_ids.login']"),
    ("records are sorted by a path", "POST res.partner/sorted?args=[[ID],'user_id.login']"),
    ("records are grouped by a path", "POST res.partner/grouped?args=[[ID],'user_id']"),
    ("a user is created by an assignment", "POST res.partner/update?args=[[ID],{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    ("an unsaved record is created", "POST res.partner/new?args=[{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    ("records are requested as another user", "POST res.partner/with_user?args=[[ID],2]"),
    ("records are requested as root", "POST res.partner/sudo?args=[[ID]]"),
    ("records are requested in another context", "POST res.partner/with_context?args=[[ID]]"),
];

/// Odoo would interpret some of these values as commands; the gateway rejects them with 400 `invalid_value`.
pub(super) const AS_INVALID_VALUES: &[Attempt] = &[
    ("a command is written as a truth value", "PUT res.partner/ID?vals={'user_ids':[[False,0,{'login':'k05'}]]}"),
    ("a command is written as a fraction", "PUT res.partner/ID?vals={'user_ids':[[0.0,0,{'login':'k05'}]]}"),
    ("a record is sent instead of commands", "PUT res.partner/ID?vals={'user_ids':{'login':'k05'}}"),
];
