//! Normalized domains, and rejected domains with the place of the error.

use super::*;
use crate::language::literal::Limits;
use crate::plan::samples::{SamplesOfOdoo20, SamplesOn, attachment, partner};
use crate::plan::scope::Scope;

fn checked(major: u8, text: &str) -> Result<String, (&'static str, String)> {
    let domain = Domain::parse(text, Limits::query()).unwrap().into_owned();
    match normalize(&domain, "domain", &partner(), &SamplesOn(major, 0), ScopeCheck::new(&Scope::All, &[])) {
        Ok(domain) => Ok(serde_json::to_string(&domain.into_value()).unwrap()),
        Err(PlanError::Rejected(problem)) => Err((problem.code.as_str(), problem.detail)),
        Err(PlanError::NeedsMetadata(missing)) => Err(("missing", format!("{missing:?}"))),
    }
}

#[test]
fn dates_are_converted_in_paths_lists_and_subdomains() {
    for (given, sent) in [
        ("[('create_date','>=','2026-01-31T10:00:00+02:00')]", r#"[["create_date",">=","2026-01-31 08:00:00"]]"#),
        ("[('parent_id.date','=','2026-01-31T10:00:00Z')]", r#"[["parent_id.date","=","2026-01-31"]]"#),
        ("[('date','in',['2026-01-31T10:00:00Z',False])]", r#"[["date","in",["2026-01-31",false]]]"#),
        (
            "[('child_ids','any',[('date','=','2026-01-31T10:00:00Z')])]",
            r#"[["child_ids","any",[["date","=","2026-01-31"]]]]"#,
        ),
        ("[('create_date','like','2026')]", r#"[["create_date","like","2026"]]"#),
        (
            "[('create_date','>','-3d'),('create_date.month_number','=',3)]",
            r#"[["create_date",">","-3d"],["create_date.month_number","=",3]]"#,
        ),
        (
            "['|',('country_id.code','=','BE'),('country_id','=','Belgium')]",
            r#"["|",["country_id.code","=","BE"],["country_id","=","Belgium"]]"#,
        ),
        ("[('props.a1','=','x')]", r#"[["props.a1","=","x"]]"#),
    ] {
        assert_eq!(checked(19, given).as_deref(), Ok(sent), "{given}");
    }
}

#[test]
fn terms_that_odoo_would_misinterpret_are_rejected_with_their_place() {
    for (major, given, code, detail) in [
        (
            19,
            "[('nmae','=',1)]",
            "unknown_field",
            "The model res.partner has no field nmae, or this user may not see it.",
        ),
        (
            19,
            "[('country_id.nosuch','=',1)]",
            "unknown_field",
            "The model res.country has no field nosuch, or this user may not see it.",
        ),
        (
            19,
            "['!',('tz_offset','=',1)]",
            "field_not_searchable",
            "domain: expected a searchable field (Odoo computes tz_offset of res.partner and does not store it), found tz_offset at [1][0]",
        ),
        (
            19,
            "[('name.x','=',1)]",
            "invalid_domain",
            "domain: expected a relation before each dot, found name.x at [0][0]",
        ),
        (
            16,
            "[('child_ids','any',[])]",
            "invalid_domain",
            "domain: expected an operator of Odoo 16 (any exists since Odoo 17), found any at [0][1]",
        ),
        (
            19,
            "[('name','any',[])]",
            "invalid_domain",
            "domain: expected a relation before any and not any, found name at [0][0]",
        ),
        (
            17,
            "[('date.month_number','=',3)]",
            "invalid_domain",
            "domain: expected Odoo 18 or later for parts of dates, found date.month_number at [0][0]",
        ),
        (
            19,
            "[('date.hour_number','=',3)]",
            "invalid_domain",
            "domain: expected a relation before each dot, found date.hour_number at [0][0]",
        ),
        (
            19,
            "[('child_ids','any',[('date','=','2026-02-30')])]",
            "invalid_value",
            "domain: expected a day that exists in the calendar, for \"date =\", found \"2026-02-30\" at [0][2][0][2]",
        ),
        (
            14,
            "[('date','=','notadate')]",
            "invalid_value",
            "domain: expected a date as 2026-01-31, for \"date =\", found \"notadate\" at [0][2]",
        ),
        (
            19,
            "[('date','=',7)]",
            "invalid_value",
            "domain: expected a date as a string, or false, for \"date =\", found 7 at [0][2]",
        ),
        (
            19,
            "[('country_id','=',True)]",
            "invalid_value",
            "domain: expected a record id, a name, or false, for \"country_id =\", found true at [0][2]",
        ),
        (
            14,
            "[('id','=','abc')]",
            "invalid_value",
            "domain: expected an integer from -2147483648 to 2147483647, for \"id =\", found \"abc\" at [0][2]",
        ),
        (
            14,
            "['!',('active','>',True)]",
            "invalid_domain",
            "domain: expected one of =, !=, =?, in, not in for active (boolean), found > at [1][1]",
        ),
        (
            19,
            "[('country_id','child_of',7)]",
            "invalid_domain",
            "domain: expected an operator other than child_of and parent_of for country_id (res.country has no hierarchy), found child_of at [0][1]",
        ),
        (
            19,
            "[('credit','in',[1,'a'])]",
            "invalid_value",
            "domain: expected a number, for \"credit in\", found [1,\"a\"] at [0][2]",
        ),
    ] {
        let (found_code, found) = checked(major, given).unwrap_err();
        assert_eq!((found_code, found.as_str()), (code, detail), "{given}");
    }
}

#[test]
fn a_datetime_means_its_full_second_on_every_version() {
    for (given, sent) in [
        ("[('create_date','>','2026-01-31 10:00:59')]", r#"[["create_date",">=","2026-01-31 10:01:00"]]"#),
        ("[('create_date','>=','2026-01-31 10:00:59')]", r#"[["create_date",">=","2026-01-31 10:00:59"]]"#),
        ("[('create_date','<','2026-01-31 10:00:59')]", r#"[["create_date","<","2026-01-31 10:00:59"]]"#),
        ("[('create_date','<=','2026-12-31 23:59:59')]", r#"[["create_date","<","2027-01-01 00:00:00"]]"#),
        ("[('create_date','<=','9999-12-31 23:59:59')]", r#"[["create_date","!=",false]]"#),
        ("[('create_date','>','9999-12-31')]", r#"[[0,"=",1]]"#),
        ("[('create_date','>','2026-01-31T10:00:00.5Z')]", r#"[["create_date",">","2026-01-31 10:00:00.500000"]]"#),
        ("[('create_date','>','2026-01-31')]", r#"[["create_date",">=","2026-02-01 00:00:00"]]"#),
        ("[('create_date','<=','2026-01-31')]", r#"[["create_date","<","2026-02-01 00:00:00"]]"#),
        (
            "['!',('create_date','=','2026-01-31')]",
            r#"["!","&",["create_date",">=","2026-01-31 00:00:00"],["create_date","<","2026-02-01 00:00:00"]]"#,
        ),
        ("[('create_date','=',False)]", r#"[["create_date","=",false]]"#),
        ("[('create_date','=?',False)]", r#"[[1,"=",1]]"#),
    ] {
        for major in [14, 19] {
            assert_eq!(checked(major, given).as_deref(), Ok(sent), "{major} {given}");
        }
    }
}

#[test]
fn comparisons_by_second_are_spelled_out_before_odoo_19() {
    const SECOND: &str = r#"["create_date",">=","2026-01-31 10:00:00"],["create_date","<","2026-01-31 10:00:01"]"#;
    const OUTSIDE: &str = r#""|",["create_date","<","2026-01-31 10:00:00"],["create_date",">=","2026-01-31 10:00:01"]"#;
    for (given, on_14, on_19) in [
        (
            "['|',('create_date','=','2026-01-31 10:00:00'),('active','=',True)]",
            format!(r#"["|","&",{SECOND},["active","=",true]]"#),
            r#"["|",["create_date","=","2026-01-31 10:00:00"],["active","=",true]]"#,
        ),
        (
            "[('create_date','in',['2026-01-31 10:00:00',False])]",
            format!(r#"["|","&",{SECOND},["create_date","=",false]]"#),
            r#"[["create_date","in",["2026-01-31 10:00:00",false]]]"#,
        ),
        (
            "[('create_date','!=','2026-01-31 10:00:00')]",
            format!(r#"["|",["create_date","=",false],{OUTSIDE}]"#),
            r#"[["create_date","!=","2026-01-31 10:00:00"]]"#,
        ),
        (
            "[('create_date','not in',['2026-01-31 10:00:00',False])]",
            format!(r#"["&",{OUTSIDE},["create_date","!=",false]]"#),
            r#"[["create_date","not in",["2026-01-31 10:00:00",false]]]"#,
        ),
        (
            "[('child_ids.create_date','=','2026-01-31 10:00:00')]",
            r#"[["child_ids.create_date","=like","2026-01-31 10:00:00%"]]"#.to_owned(),
            r#"[["child_ids.create_date","=","2026-01-31 10:00:00"]]"#,
        ),
    ] {
        assert_eq!(checked(14, given), Ok(on_14), "{given}");
        assert_eq!(checked(19, given).as_deref(), Ok(on_19), "{given}");
    }
    assert_eq!(
        checked(17, "[('parent_id.child_ids.create_date','=','2026-01-31 10:00:00')]"),
        Ok(format!(r#"[["parent_id.child_ids","any",["&",{SECOND}]]]"#)),
    );
}

#[test]
fn values_are_converted_to_the_type_of_their_field() {
    for (given, on_14, on_19) in [
        ("[('id','in',['7',8.0])]", r#"[["id","in",[7,8]]]"#, r#"[["id","in",[7,8]]]"#),
        ("[('credit','>','1.5')]", r#"[["credit",">",1.5]]"#, r#"[["credit",">",1.5]]"#),
        ("[('active','=','False')]", r#"[["active","=",false]]"#, r#"[["active","=",false]]"#),
        ("[('name','=',5)]", r#"[["name","=","5"]]"#, r#"[["name","=","5"]]"#),
        ("[('name','ilike',5)]", r#"[["name","ilike","5"]]"#, r#"[["name","ilike","5"]]"#),
        ("[('color','=?',5)]", r#"[["color","=",5]]"#, r#"[["color","=",5]]"#),
        ("[('date','=','2026-01-31T23:00:00Z')]", r#"[["date","=","2026-01-31"]]"#, r#"[["date","=","2026-01-31"]]"#),
        (
            "[('country_id','not in',['Belgium',7])]",
            r#"["&",["country_id","!=","Belgium"],["country_id","not in",[7]]]"#,
            r#"[["country_id","not in",["Belgium",7]]]"#,
        ),
        (
            "[('child_ids','in',[False,7])]",
            r#"["|",["child_ids","=",false],["child_ids","in",[7]]]"#,
            r#"[["child_ids","in",[false,7]]]"#,
        ),
        ("[('parent_id','child_of',[7])]", r#"[["parent_id","child_of",[7]]]"#, r#"[["parent_id","child_of",[7]]]"#),
    ] {
        assert_eq!(checked(14, given).as_deref(), Ok(on_14), "{given}");
        assert_eq!(checked(19, given).as_deref(), Ok(on_19), "{given}");
    }
}

#[test]
fn content_of_attachments_is_compared_by_the_name_that_the_version_has() {
    let checked = |has_datas: bool, text: &str| {
        let domain = Domain::parse(text, Limits::query()).unwrap().into_owned();
        let scope_check = ScopeCheck::new(&Scope::All, &[]);
        let domain = normalize(&domain, "domain", &attachment(has_datas), &SamplesOfOdoo20, scope_check).unwrap();
        serde_json::to_string(&domain.into_value()).unwrap()
    };
    for (given, odoo_19, odoo_20) in [
        ("[('datas','=',False)]", r#"[["datas","=",false]]"#, r#"[["raw","=",false]]"#),
        ("[('raw','!=',False)]", r#"[["raw","!=",false]]"#, r#"[["raw","!=",false]]"#),
        ("[('datas.size','>',5)]", r#"[["datas.size",">",5]]"#, r#"[["raw.size",">",5]]"#),
        ("[('name','=','datas')]", r#"[["name","=","datas"]]"#, r#"[["name","=","datas"]]"#),
    ] {
        assert_eq!((checked(true, given).as_str(), checked(false, given).as_str()), (odoo_19, odoo_20), "{given}");
    }
}

#[test]
fn names_and_sizes_of_attachments_are_their_fields() {
    let allowed = |rule: &str, text: &str| {
        let scope = format!(r#"[{{"models": "ir.attachment", "operations": ["read"], "fields": {rule}}}]"#);
        let (scope, domain) = (Scope::from_json(&scope).unwrap(), Domain::parse(text, Limits::query()).unwrap());
        let scope_check = ScopeCheck::with_metadata(&scope, &[], &SamplesOfOdoo20);
        match normalize(&domain.into_owned(), "domain", &attachment(false), &SamplesOfOdoo20, scope_check) {
            Ok(_) => true,
            Err(PlanError::Rejected(problem)) if problem.code == ErrorCode::ScopeForbidden => false,
            Err(other) => panic!("{rule} {text}: {other:?}"),
        }
    };
    for content in ["datas", "raw"] {
        for (part, value, field) in [("filename", "'a'", "name"), ("size", "5", "file_size")] {
            let text = format!("[('{content}.{part}','=',{value})]");
            assert!(!allowed(&format!(r#"{{"except": ["{field}"]}}"#), &text), "{text}");
            assert!(!allowed(r#"{"only": ["datas", "raw"]}"#, &text), "{text}");
            assert!(allowed(r#"{"except": ["mimetype"]}"#, &text), "{text}");
        }
    }
}

#[test]
fn sizes_and_names_of_files_are_compared_since_odoo_20() {
    let files = crate::plan::samples::schema("x.file", vec![crate::plan::samples::field("file", "binary", &[])]);
    let checked = |major: u8, text: &str| {
        let domain = Domain::parse(text, Limits::query()).unwrap().into_owned();
        match normalize(&domain, "domain", &files, &SamplesOn(major, 0), ScopeCheck::new(&Scope::All, &[])) {
            Ok(domain) => Ok(serde_json::to_string(&domain.into_value()).unwrap()),
            Err(PlanError::Rejected(problem)) => Err((problem.code.as_str(), problem.detail)),
            Err(missing) => Err(("missing", format!("{missing:?}"))),
        }
    };
    for (given, sent) in [
        ("[('file.size','>=','1024')]", r#"[["file.size",">=",1024]]"#),
        ("[('file.filename','ilike','.pdf')]", r#"[["file.filename","ilike",".pdf"]]"#),
        ("[('file.filename','in',['a','b'])]", r#"[["file.filename","in",["a","b"]]]"#),
    ] {
        assert_eq!(checked(20, given).as_deref(), Ok(sent), "{given}");
        let (code, detail) = checked(19, given).unwrap_err();
        assert_eq!(code, "invalid_domain", "{detail}");
        assert!(detail.contains("Odoo 20 or later for sizes and names of files"), "{detail}");
    }
    for (given, expected) in [
        ("[('file.size','>','big')]", "expected an integer"),
        ("[('file.size','>',False)]", "expected an integer"),
        ("[('file.checksum','=','x')]", "expected a relation before each dot"),
        ("[('file','=','aGk=')]", "this field can only be tested for emptiness"),
    ] {
        let (_, detail) = checked(20, given).unwrap_err();
        assert!(detail.contains(expected), "{given}: {detail}");
    }
}
