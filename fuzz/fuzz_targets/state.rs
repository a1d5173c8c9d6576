#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // A refusal is an answer; what must not happen panics.
    let _ = cep_fuzz::state(input);
});
