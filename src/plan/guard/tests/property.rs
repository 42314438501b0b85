//! Whatever is wished: no call of a plan goes to a model, or names a field, that no rule covers.
