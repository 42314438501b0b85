//! Rejected requests, one escape per line: by the scope with 403 `scope_forbidden`, or for every credential.

use super::Attempt;

/// Whether a request changes nothing, so that it may be sent with the full scope.
pub(super) fn only_reads(line: &str) -> bool {
    const READS: [&str; 9] = [
        "/search?",
        "/search_count?",
        "/search_read?",
        "/web_read?",
        "/web_search_read?",
        "/export_data?",
        "/read_group?",
        "/formatted_read_group?",
        "/read_progress_bar?",
    ];
    line.starts_with("GET ") || READS.iter().any(|read| line.contains(read))
}

pub(super) const BY_THE_CLERK: &[Attempt] = &[
    ("another model is read", "GET res.users/search_count"),
    ("another model's record is read", "GET res.users/2?fields=login"),
    ("another model is searched by a call", "POST res.users/search?args=[[]]"),
    // Nested commands.
    ("0 makes a user", "PUT res.partner/ID?vals={'user_ids':[[0,0,{'login':'k05','password':'k05'}]]}"),
    ("1 changes a user", "PUT res.partner/ID?vals={'user_ids':[[1,2,{'password':'k05'}]]}"),
    ("2 deletes a user", "PUT res.partner/ID?vals={'user_ids':[[2,2]]}"),
    ("3 cuts a user off", "PUT res.partner/ID?vals={'user_ids':[[3,2]]}"),
    ("4 draws a user near", "PUT res.partner/ID?vals={'user_ids':[[4,2]]}"),
    ("5 cuts all users off", "PUT res.partner/ID?vals={'user_ids':[[5]]}"),
    ("6 puts users in their place", "PUT res.partner/ID?vals={'user_ids':[[6,0,[2]]]}"),
    ("a user is named by id", "PUT res.partner/ID?vals={'user_id':2}"),
    ("a user is named by id with a new contact", "POST res.partner?vals={'name':'x','user_id':2}"),
    ("a default names a user", "POST res.partner?vals={'name':'x'}&context={'default_user_id':2}"),
    ("a user is made with a contact", "POST res.partner?vals={'name':'x','user_ids':[[0,0,{'login':'k05'}]]}"),
    (
        "a user is made with one of many",
        "POST res.partner?vals=[{'name':'x'},{'name':'y','user_ids':[[0,0,{'login':'k05'}]]}]",
    ),
    (
        "a user is made two relations away",
        "PUT res.partner/ID?vals={'child_ids':[[0,0,{'name':'x','user_ids':[[0,0,{'login':'k05'}]]}]]}",
    ),
    ("a user is made by a call of write", "POST res.partner/write?args=[[ID],{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    ("a user is made by a method of a record", "POST res.partner/ID/write?args=[{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    (
        "a user is made by a named argument",
        "POST res.partner/ID/write?kwargs={'vals':{'user_ids':[[0,0,{'login':'k05'}]]}}",
    ),
    (
        "a user is made by a call of create",
        "POST res.partner/create?args=[{'name':'x','user_ids':[[0,0,{'login':'k05'}]]}]",
    ),
    ("a contact is deleted by a command", "PUT res.partner/ID?vals={'child_ids':[[2,ID]]}"),
    ("contacts are deleted by putting others in their place", "PUT res.partner/ID?vals={'child_ids':[[6,0,[]]]}"),
    ("a contact is deleted", "DELETE res.partner/ID"),
    ("a contact is deleted by a call", "POST res.partner/unlink?args=[[ID]]"),
    ("a record stands in place of a command", "PUT res.partner/ID?vals={'user_ids':[{'login':'k05'}]}"),
    // Domains, orders, groups.
    ("a domain guesses logins", "GET res.partner/search_count?domain=[('user_ids.login','=like','adm%')]"),
    ("a domain guesses within any", "GET res.partner/search?domain=[('user_ids','any',[('login','=','admin')])]"),
    ("a domain compares a relation by name", "GET res.partner?domain=[('user_ids','ilike','adm')]"),
    ("a domain goes round by contacts", "GET res.partner?domain=[('child_ids.user_ids.login','=','admin')]"),
    ("a domain asks who made it", "GET res.partner/search?domain=[('create_uid.login','=','admin')]"),
    ("a domain of a call guesses logins", "POST res.partner/search_count?args=[[['user_ids.login','=like','adm%']]]"),
    (
        "a named domain of a call guesses logins",
        "POST res.partner/search?kwargs={'domain':[['user_ids.login','=','admin']]}",
    ),
    ("an order sorts by users", "GET res.partner?order=user_id&limit=1"),
    ("an order of a call sorts by users", "POST res.partner/search_read?args=[[],['name'],0,1,'create_uid desc']"),
    ("groups show users", "POST res.partner/read_group?args=[[],['id:count'],['user_id']]"),
    ("groups show logins", "POST res.partner/formatted_read_group?args=[[],['user_id.login'],['__count']]"),
    ("groups of the web client show users", "POST res.partner/web_read_group?args=[[],['user_id'],['__count']]"),
    (
        "a progress bar groups by users",
        "POST res.partner/read_progress_bar?args=[[],'user_id',{'field':'type','colors':{}}]",
    ),
    // Nested reads.
    ("an export reads logins", "POST res.partner/export_data?args=[[ID],['name','user_ids/login']]"),
    ("an export goes round by contacts", "POST res.partner/export_data?args=[[ID],['child_ids/user_ids/login']]"),
    ("a nested read shows logins", "POST res.partner/web_read?args=[[ID],{'user_ids':{'fields':{'login':{}}}}]"),
    (
        "a nested read goes round by contacts",
        "POST res.partner/web_read?args=[[ID],{'child_ids':{'fields':{'user_ids':{'fields':{'login':{}}}}}}]",
    ),
    (
        "a nested read of a record shows logins",
        "POST res.partner/ID/web_read?args=[{'create_uid':{'fields':{'login':{}}}}]",
    ),
    ("a nested search shows logins", "POST res.partner/web_search_read?args=[[],{'user_ids':{'fields':{'login':{}}}}]"),
    (
        "a saved form answers logins",
        "POST res.partner/web_save?args=[[ID],{'name':'x'},{'user_ids':{'fields':{'login':{}}}}]",
    ),
    ("a form shows logins", "POST res.partner/onchange?args=[[],{},[],{'user_ids':{'fields':{'login':{}}}}]"),
    ("a read names a path", "POST res.partner/read?args=[[ID],['user_ids.login']]"),
    ("a search panel lists users", "POST res.partner/search_panel_select_range?args=['user_id']"),
    ("names are searched by logins", "POST res.partner/name_search?args=['',[['user_ids.login','=','admin']]]"),
    // Indirect writes.
    ("a saved form makes a user", "POST res.partner/web_save?args=[[ID],{'user_ids':[[0,0,{'login':'k05'}]]},{}]"),
    (
        "a new form makes a user",
        "POST res.partner/web_save?args=[[],{'name':'x','user_ids':[[0,0,{'login':'k05'}]]},{}]",
    ),
    (
        "a form that is not saved makes a user",
        "POST res.partner/onchange?args=[[],{'user_ids':[[0,0,{'login':'k05'}]]},['name'],{'name':{}}]",
    ),
    ("a copy makes a user", "POST res.partner/copy?args=[[ID],{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    ("a user is copied", "POST res.users/copy?args=[[2],{'login':'k05'}]"),
    ("a user is made by his name", "POST res.users/name_create?args=['k05']"),
    ("the defaults of users are read", "POST res.users/default_get?args=[['lang']]"),
    ("an import makes users", "POST res.partner/load?args=[['name','user_ids/login'],[['x','k05']]]"),
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
    ("an attachment is hung on a user", "POST ir.attachment?vals={'name':'x','res_model':'res.users','res_id':2}"),
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
        "a default makes a user",
        "POST res.partner?vals={'name':'x'}&context={'default_user_ids':[[0,0,{'login':'k05'}]]}",
    ),
    (
        "a default makes a user beside a name",
        "POST res.partner/name_create?args=['x']&context={'default_user_ids':[[0,0,{'login':'k05'}]]}",
    ),
    (
        "a default in named arguments makes a user",
        "POST res.partner/name_create?args=['x']&kwargs={'context':{'default_user_ids':[[0,0,{'login':'k05'}]]}}",
    ),
    (
        "a default makes a user with a child",
        "PUT res.partner/ID?vals={'child_ids':[[0,0,{'name':'x'}]]}&context={'default_user_ids':[[0,0,{'login':'k05'}]]}",
    ),
    (
        "a default makes a user with an import",
        "POST res.partner/load?args=[['name'],[['x']]]&context={'default_user_ids':[[0,0,{'login':'k05'}]]}",
    ),
    ("a key of the context shows more", "GET res.partner/ID?fields=display_name&context={'show_email':True}"),
    ("a form is opened from users", "GET res.partner/ID?fields=name&context={'active_model':'res.users'}"),
    (
        "a nested read has a context of its own",
        "POST res.partner/web_read?args=[[ID],{'country_id':{'fields':{'name':{}},'context':{'x':1}}}]",
    ),
];

pub(super) const WITH_A_STAR: &[Attempt] = &[
    ("external ids are told", "POST res.partner/get_metadata?args=[[ID]]"),
    ("users are read", "GET res.users/search_count"),
    ("keys of users are read", "GET res.users.apikeys/search"),
    ("groups are read", "GET res.groups/search"),
    ("a user is made", "POST res.users?vals={'name':'x','login':'k05'}"),
    ("a password is changed", "POST res.users/change_password?args=['admin','k05']"),
    ("settings are read", "GET ir.config_parameter?fields=value"),
    ("rights are changed", "PUT ir.model.access/1?vals={'perm_unlink':True}"),
    ("code is run", "POST ir.actions.server/run?args=[[1]]"),
    ("a job is run", "POST ir.cron/method_direct_trigger?args=[[1]]"),
    ("a module is installed", "POST ir.module.module/button_immediate_install?args=[[1]]"),
    ("modules are upgraded", "POST base.module.upgrade/upgrade_module?args=[[1]]"),
    ("attachments are read", "GET ir.attachment/search"),
    ("a template is rendered", "POST mail.template/send_mail?args=[[1],1]"),
    ("a user is made from his contact", "PUT res.partner/ID?vals={'user_ids':[[0,0,{'login':'k05'}]]}"),
    ("a domain guesses logins", "GET res.partner/search_count?domain=[('user_ids.login','=like','adm%')]"),
    ("an export reads logins", "POST res.partner/export_data?args=[[ID],['user_ids/login']]"),
    ("a nested read shows logins", "POST res.partner/web_read?args=[[ID],{'user_ids':{'fields':{'login':{}}}}]"),
    ("an order sorts by users", "GET res.partner?order=user_id&limit=1"),
    ("a search panel lists users", "POST res.partner/search_panel_select_range?args=['user_id']"),
    ("a copy is prepared", "POST res.partner/copy_data?args=[[ID]]"),
    ("an external id is made", "POST res.partner/export_data?args=[[ID],['id']]"),
    ("a method takes defaults along", "POST res.partner/message_post?args=[[ID]]&context={'default_user_ids':[]}"),
];

/// Rejected for every credential with 403 `private_method`.
pub(super) const BY_PRIVATE_METHODS: &[Attempt] = &[
    ("a filter guesses logins", "POST res.partner/filtered_domain?args=[[ID],[['user_ids.login','=','admin']]]"),
    ("a filter follows a path", "POST res.partner/filtered?args=[[ID],'user_ids.login']"),
    ("a map follows a path", "POST res.partner/mapped?args=[[ID],'user_ids.login']"),
    ("records are sorted by a path", "POST res.partner/sorted?args=[[ID],'user_id.login']"),
    ("records are grouped by a path", "POST res.partner/grouped?args=[[ID],'user_id']"),
    ("a user is made by an assignment", "POST res.partner/update?args=[[ID],{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    ("a record is made that is not saved", "POST res.partner/new?args=[{'user_ids':[[0,0,{'login':'k05'}]]}]"),
    ("records are asked as another user", "POST res.partner/with_user?args=[[ID],2]"),
    ("records are asked as root", "POST res.partner/sudo?args=[[ID]]"),
    ("records are asked in another context", "POST res.partner/with_context?args=[[ID]]"),
];

/// Odoo would interpret some of these values as commands; the gateway rejects them with 400 `invalid_value`.
pub(super) const AS_INVALID_VALUES: &[Attempt] = &[
    ("a command is written as a truth value", "PUT res.partner/ID?vals={'user_ids':[[False,0,{'login':'k05'}]]}"),
    ("a command is written as a fraction", "PUT res.partner/ID?vals={'user_ids':[[0.0,0,{'login':'k05'}]]}"),
    ("a record stands in place of commands", "PUT res.partner/ID?vals={'user_ids':{'login':'k05'}}"),
];
