//! The pause program: what keeps a sandbox's namespaces alive.
//!
//! It does nothing but wait, and it ignores SIGCHLD so that the kernel clears away orphans for which it is the first
//! process (with shared process namespaces). Ours is a program of 192 bytes, without libraries: nothing of the node
//! has to appear in the sandbox, and nothing has to be installed. Other architectures name a static program in
//! `NativeConfig::pause_command`.

/// An ELF file for this architecture, if there is one.
pub(super) fn program() -> Option<Vec<u8>> {
    (std::env::consts::ARCH == "x86_64").then(x86_64)
}

/// rt_sigaction(SIGCHLD, {SIG_IGN}, NULL, 8); for (;;) pause();
#[rustfmt::skip]
fn x86_64() -> Vec<u8> {
    const CODE: [u8; 72] = [
        0xb8, 0x0d, 0x00, 0x00, 0x00,             // mov eax, 13 (rt_sigaction)
        0xbf, 0x11, 0x00, 0x00, 0x00,             // mov edi, 17 (SIGCHLD)
        0x48, 0x8d, 0x35, 0x17, 0x00, 0x00, 0x00, // lea rsi, [rip + 0x17] (action)
        0x31, 0xd2,                               // xor edx, edx
        0x41, 0xba, 0x08, 0x00, 0x00, 0x00,       // mov r10d, 8
        0x0f, 0x05,                               // syscall
        0xb8, 0x22, 0x00, 0x00, 0x00,             // again: mov eax, 34 (pause)
        0x0f, 0x05,                               // syscall
        0xeb, 0xf7,                               // jmp again
        0x0f, 0x1f, 0x40, 0x00,                   // (padding)
        1, 0, 0, 0, 0, 0, 0, 0,                   // action: SIG_IGN, no flags, no restorer, empty mask
        0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
    ];
    const HEADERS: u64 = 64 + 56;
    const BASE: u64 = 0x40_0000;
    let length = HEADERS + CODE.len() as u64;
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut put = |value: u64, bytes: usize| file.extend(&value.to_le_bytes()[..bytes]);
    for (value, bytes) in [
        // The file header: executable, x86-64, version 1, entry point, program headers at 64, no sections.
        (2, 2), (62, 2), (1, 4), (BASE + HEADERS, 8), (64, 8), (0, 8), (0, 4), (64, 2), (56, 2), (1, 2), (64, 2), (0, 2),
        (0, 2),
        // The one program header: load all of the file, readable and executable.
        (1, 4), (5, 4), (0, 8), (BASE, 8), (BASE, 8), (length, 8), (length, 8), (0x1000, 8),
    ] {
        put(value, bytes);
    }
    file.extend(CODE);
    file
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::ExitStatusExt as _;

    #[test]
    fn it_runs_until_it_is_killed() {
        let Some(program) = super::program() else { return };
        assert_eq!(program.len(), 192);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pause");
        std::fs::write(&path, program).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut child = std::process::Command::new(&path).spawn().unwrap();
        // A program that the kernel cannot run as intended dies at once from SIGSEGV or SIGILL: let it get that far.
        for _ in 0..10_000 {
            std::thread::yield_now();
        }
        assert_eq!(child.try_wait().unwrap(), None);
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
}
