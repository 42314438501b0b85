//! Which protocol the gateways of the tests use to call Odoo 19: with `TEST_PROTOCOL=json2` JSON-2, where each user of
//! the testbed has an API key instead of a password.
//!
//! `make json2-parity` runs the tests of the dialects this way: the responses must be the same as over XML-RPC.

use std::sync::OnceLock;

/// The API keys of the users of the testbed, with the hashes that Odoo stores.
const KEYS: [(&str, &str, &str); 5] = [
    (
        "admin",
        "d1704b13de751f120182515baf7adf2c59fffb7b",
        "$pbkdf2-sha512$6000$UColZGwtRagVorTWmrN2zg$BZ6rlUGSQxih.9aDwob.IkiIy/z1FHuGEq8CDaR9.\
         BbuLGpxC9jFmRRbyspNexRhdUtZKzqn/Q92H/Ilp31Yfg",
    ),
    (
        "demo",
        "fb7a68a4ae3dec1532f18472f2be624cc73cd3a4",
        "$pbkdf2-sha512$6000$9Z4zJuQcQ8j53/t/r/UeAw$5KAwLsnm1Hw6f9Lc7WO0FLYOaiQ21f66jPJuoPjFXDko4b0F5WWJopLLHhe6v9w\
         EdoG.gTntsCjW04gcHMGwfQ",
    ),
    (
        "internal",
        "01ab093c02c63814a164b3873eac2c6a0e8fe59a",
        "$pbkdf2-sha512$6000$LIWwlhJirBWCkPI.59ybsw$XhL.BMw1GLd1H6DdGIj9jOKMgp1InmzXUcidBNl38ghHmP0WsM7ulJPMUr0IRCm\
         taOvYAhlizhfACK6Fu2.L2w",
    ),
    (
        "salesman",
        "4ea501cc6eeadda783d0f41f207c6f5483e5e192",
        "$pbkdf2-sha512$6000$EILwPofQuvf./783Ruhdqw$IreNAA0eEvLwaiWuo5xB/hoUo.o5eIE0y1hXqFhCtBWbX.6RgxoE3Aqca7VGNxy\
         nn3OPRXHNWCXPduzH9xTE/w",
    ),
    (
        "portal",
        "5dbcd2399be5f2ea7ac2fabde18b6d0af6484adc",
        "$pbkdf2-sha512$6000$mjPm/H/P.d.7d25tzRnjPA$Lp8SmjQUXL6xcE/ZiYZ9J76mpCoIPcOLMQKOwbzAJoiIlXHKut2IUEQI9QIe6AP\
         SQV.LrnvDvh/sMVKjAydHBw",
    ),
];

/// Whether the gateways of the tests call Odoo 19 over JSON-2.
pub(crate) fn uses_json2() -> bool {
    static USES_JSON2: OnceLock<bool> = OnceLock::new();
    *USES_JSON2.get_or_init(|| std::env::var("TEST_PROTOCOL").is_ok_and(|protocol| protocol == "json2"))
}

/// The API key of a user of the testbed, once [`insert_keys`](super::odoo::insert_keys) has inserted it.
pub(crate) fn api_key_of(login: &str) -> Option<&'static str> {
    KEYS.iter().find(|(name, ..)| *name == login).map(|(_, key, _)| *key)
}

/// The statements that give the users of a database their keys.
pub(crate) fn insertions() -> impl Iterator<Item = String> {
    KEYS.iter().map(|(login, key, hash)| {
        let (name, index) = (format!("tests of {login}"), &key[..8]);
        format!(
            "INSERT INTO res_users_apikeys (name, user_id, scope, key, index, create_date) \
             SELECT '{name}', id, 'rpc', '{hash}', '{index}', now() AT TIME ZONE 'utc' FROM res_users \
             WHERE login = '{login}' AND NOT EXISTS (SELECT FROM res_users_apikeys WHERE index = '{index}')"
        )
    })
}
