/// First eight bytes of an account: seven letters for its kind, then the version of its layout. Anchor compares them
/// wherever an account is loaded, on chain and off, so an account of another version is refused everywhere with
/// `AccountDiscriminatorMismatch`, and no instruction can forget to ask.
#[must_use]
pub const fn tag(kind: &[u8; 7], version: u8) -> [u8; 8] {
    let [a, b, c, d, e, f, g] = *kind;
    [a, b, c, d, e, f, g, version]
}
