//! Requests that are similar to the escapes but within the scope.

use super::Attempt;

pub(super) const BY_THE_CLERK: &[Attempt] = &[
    ("contacts are counted", "GET res.partner/search_count"),
    ("a contact is read", "GET res.partner/ID?fields=name,user_ids"),
    ("a contact is written", "PUT res.partner/ID?vals={'name':'honest'}"),
    ("command 0 creates a contact", "PUT res.partner/ID?vals={'child_ids':[[0,0,{'name':'child'}]]}"),
    ("a contact is created", "POST res.partner?vals={'name':'x','country_id':75}"),
    ("a contact is created by a call", "POST res.partner/create?args=[{'name':'x'}]"),
    ("a domain follows a path to countries", "GET res.partner/search_count?domain=[('country_id.code','=','FR')]"),
    ("a domain within any", "GET res.partner/search?domain=[('child_ids','any',[('name','=','child')])]"),
    ("a domain compares a user by id", "GET res.partner/search?domain=[('user_id','=',2)]"),
    ("an order sorts by countries", "GET res.partner?order=country_id,name&limit=1"),
    ("an order sorts by a user's id", "POST res.partner/search?args=[[],0,1,'user_id.id']"),
    ("groups show countries", "POST res.partner/read_group?args=[[],['id:count'],['country_id']]"),
    ("groups show codes", "POST res.partner/formatted_read_group?args=[[],['country_id.code'],['__count']]"),
    (
        "sets of groups show countries",
        "POST res.partner/formatted_read_grouping_sets?args=[[],[['country_id','type'],[]],['__count']]",
    ),
    ("groups of the web client", "POST res.partner/web_read_group?args=[[],['country_id'],['__count']]"),
    (
        "a progress bar groups by countries",
        "POST res.partner/read_progress_bar?args=[[],'country_id',{'field':'type','colors':{}}]",
    ),
    ("an export reads codes", "POST res.partner/export_data?args=[[ID],['name','country_id/code','user_id']]"),
    ("a nested read shows codes", "POST res.partner/web_read?args=[[ID],{'country_id':{'fields':{'code':{}}}}]"),
    ("the name of a user is shown", "POST res.partner/web_read?args=[[ID],{'user_id':{'fields':{'display_name':{}}}}]"),
    (
        "a nested search",
        "POST res.partner/web_search_read?args=[[],{'child_ids':{'fields':{'name':{}}}}]&kwargs={'limit':1}",
    ),
    ("a form is saved", "POST res.partner/web_save?args=[[ID],{'name':'honest'},{'name':{}}]"),
    ("a form is shown", "POST res.partner/onchange?args=[[],{},[],{'name':{},'country_id':{'fields':{'code':{}}}}]"),
    ("a contact is copied", "POST res.partner/copy?args=[[ID],{'name':'copy'}]"),
    ("a contact is created by its name", "POST res.partner/name_create?args=['by name']"),
    ("defaults are read", "POST res.partner/default_get?args=[['lang','type']]"),
    (
        "an import creates contacts",
        "POST res.partner/load?args=[['name','country_id','child_ids/name'],[['x','France','y']]]",
    ),
    ("attachments of contacts are searched", "GET ir.attachment/search?domain=[('res_model','=','res.partner')]"),
    (
        "a file is attached to a contact",
        "POST ir.attachment/create?args=[{'name':'x','res_model':'res.partner','res_id':ID}]",
    ),
    ("a default sets the type", "POST res.partner?vals={'name':'x'}&context={'default_type':'invoice'}"),
    (
        "the usual context",
        "GET res.partner/ID?fields=name&context={'lang':'fr_FR','active_test':False,'allowed_company_ids':[1]}",
    ),
];

pub(super) const WITH_A_STAR: &[Attempt] = &[
    ("contacts are read", "GET res.partner?limit=1"),
    ("companies are read", "GET res.company?fields=name"),
    ("a button is pressed", "POST res.partner/open_commercial_entity?args=[[ID]]"),
    ("contacts are deleted", "POST res.partner/unlink?args=[[]]"),
];
