//! What std must learn about `target_os = "solana"`: one thread, no operating system, no randomness,
//! no writable statics. Each edit names the text it replaces and how often that text stands there, so
//! that a std of another shape is refused instead of half patched.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

struct Edit {
    file: &'static str,
    /// Whole lines, first to last.
    old: &'static str,
    new: &'static str,
    times: usize,
}

const EDITS: [Edit; 9] = [
    Edit {
        file: "build.rs",
        old: "        || target_os == \"zkvm\"\n",
        new: "        || target_os == \"zkvm\"\n        || target_os == \"solana\"\n",
        times: 1,
    },
    // No threads, so a thread-local is a plain static.
    Edit {
        file: "src/sys/thread_local/mod.rs",
        old: "        target_os = \"zkvm\",\n",
        new: "        target_os = \"zkvm\",\n        target_os = \"solana\",\n",
        times: 1,
    },
    Edit {
        file: "src/sys/thread_local/mod.rs",
        old: "            target_os = \"zkvm\",\n",
        new: "            target_os = \"zkvm\",\n            target_os = \"solana\",\n",
        times: 1,
    },
    Edit {
        file: "src/sys/random/mod.rs",
        old: "        target_os = \"vexos\",\n",
        new: "        target_os = \"vexos\",\n        target_os = \"solana\",\n",
        times: 1,
    },
    Edit {
        file: "src/sys/random/mod.rs",
        old: "    target_os = \"vexos\",\n",
        new: "    target_os = \"vexos\",\n    target_os = \"solana\",\n",
        times: 1,
    },
    Edit {
        file: "src/sys/io/error/mod.rs",
        old: "        target_os = \"vexos\",\n",
        new: "        target_os = \"vexos\",\n        target_os = \"solana\",\n",
        times: 1,
    },
    // std wants to know every architecture's least alignment; `System`, which uses it, is never called.
    Edit {
        file: "src/sys/alloc/mod.rs",
        old: "    target_arch = \"x86_64\",\n",
        new: "    target_arch = \"x86_64\",\n    target_arch = \"bpf\",\n",
        times: 1,
    },
    Edit {
        file: "src/sys/alloc/mod.rs",
        old: "    target_os = \"zkvm\" => {\n",
        new: "    target_os = \"solana\" => {\n        mod solana;\n    }\n    target_os = \"zkvm\" => {\n",
        times: 1,
    },
    // Hash seeds live in a thread-local, and a program has no writable memory for one. Constant seeds are
    // what Solana's own std has: every validator must come to the same result.
    Edit {
        file: "src/hash/random.rs",
        old: "    pub fn new() -> RandomState {\n",
        new: "    pub fn new() -> RandomState {\n        \
                  #[cfg(target_os = \"solana\")]\n        \
                  return RandomState { k0: 0, k1: 0 };\n        \
                  #[cfg(not(target_os = \"solana\"))]\n        \
                  Self::seeded()\n    }\n\n    \
                  #[cfg(not(target_os = \"solana\"))]\n    \
                  fn seeded() -> RandomState {\n",
        times: 1,
    },
];

const ALLOC: &str = r#"use crate::alloc::{GlobalAlloc, Layout, System};

// A program brings its own #[global_allocator]; System exists only so that std compiles.
#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    #[inline]
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        crate::ptr::null_mut()
    }
    #[inline]
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
"#;

/// Patches the std source in `std`.
pub fn apply(std: &Path, version: &str) -> Result<()> {
    for edit in &EDITS {
        let path = std.join(edit.file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("std has no {}", edit.file))?;
        let text = edited(&text, edit).with_context(|| {
            format!(
                "the standard library of Rust {version} is not of the shape that this recipe knows \
                 ({}). Use the Rust version that Cargo.toml names, or install `cargo build-sbf`",
                edit.file
            )
        })?;
        fs::write(&path, text)?;
    }
    fs::write(std.join("src/sys/alloc/solana.rs"), ALLOC)?;
    Ok(())
}

/// The text with every place of the edit replaced. A place is whole lines: it must follow a line end.
fn edited(text: &str, edit: &Edit) -> Result<String> {
    let (old, new) = (format!("\n{}", edit.old), format!("\n{}", edit.new));
    let found = text.matches(&old).count();
    ensure!(
        found == edit.times,
        "expected {} places for an edit, found {found}",
        edit.times
    );
    Ok(text.replace(&old, &new))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDIT: Edit = Edit {
        file: "f",
        old: "    a,\n",
        new: "    a,\n    b,\n",
        times: 2,
    };

    #[test]
    fn every_place_is_edited() {
        let text = "x\n    a,\n}\n    a,\n        a,\n";
        assert_eq!(
            edited(text, &EDIT).unwrap(),
            "x\n    a,\n    b,\n}\n    a,\n    b,\n        a,\n"
        );
    }

    #[test]
    fn a_source_of_another_shape_is_refused() {
        for text in ["x\n    a,\n", "x\n", "x\n    a,\n}\n    a,\n}\n    a,\n"] {
            assert!(edited(text, &EDIT).is_err());
        }
    }

    #[test]
    fn a_missing_file_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let error = format!("{:#}", apply(dir.path(), "1.0.0").unwrap_err());
        assert!(error.contains("build.rs"), "{error}");
    }
}
