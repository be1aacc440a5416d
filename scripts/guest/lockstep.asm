; What the oracle guest does between two orders where it was assembled with LOCKSTEP: it writes RAM and a disk in lockstep,
; and looks whether what it wrote is there. Not in the guest of the lesson. Part of oracle.asm.
;
;   order      answer                  what it does
;   L d m q    L d m                   from now on rounds on disk d and m MiB of RAM, from 2 MiB on; with 0: none any more
;   K          K begun done wrong      the round that was begun last, the one whose block is written, what was not as written
;
; A round r writes r into each page of that RAM, from the first to the last, where it must find r - 1; then block r mod 64 of
; the disk, with seed r; then it reads block (r + 1) mod 64, which must be that of round r - 63, or empty. Between two rounds
; at least q ticks of the clock pass. Meanwhile it goes over all pages again and again, and writes in each how often it did.
step_blocks equ 64
step_base equ 0x200000
page_size equ 4096

lockstep:
        call number
        mov [step_disk], eax
        call number
        mov [step_mib], eax
        call number
        mov [step_quiet], eax
        xor eax, eax
        mov ax, cs
        shl eax, 4
        add eax, step_gdt
        mov [step_gdtr + 2], eax
        ; What round 1 must find.
        call reach_all
        mov eax, [step_begun]
        mov edx, [step_pass]
        call next_page.first
.page:  jz .told
        mov [fs:edi], eax
        mov [fs:edi + 4], edx
        call next_page
        jmp .page
.told:  mov eax, [step_mib]
        shl eax, 8              ; pages in a MiB
        mov [step_pages], eax
        mov al, 'L'
        call put
        mov eax, [step_disk]
        call put_number
        mov eax, [step_mib]
        jmp put_number

tell_lockstep:
        mov al, 'K'
        call put
        mov eax, [step_begun]
        call put_number
        mov eax, [step_done]
        call put_number
        mov eax, [step_wrong]
        jmp put_number

; EDI: the page behind, or the first one; ZF: there is none. ECX: how many are left.
next_page:
        add edi, page_size
        dec ecx
        ret
.first: mov edi, step_base
        mov ecx, [step_mib]
        shl ecx, 8
        ret

; FS reaches all of RAM, until somebody goes to protected mode: the BIOS does.
reach_all:
        cli
        o32 lgdt [step_gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp short .on
.on:    mov bx, 8
        mov fs, bx
        and al, ~1
        mov cr0, eax
        jmp short .off
.off:   xor bx, bx
        mov fs, bx
        sti
        ret

lockstep_on:
        call reach_all
        mov eax, [ticks]
        sub eax, [step_last]
        cmp eax, [step_quiet]
        jae lockstep_round
        inc dword [step_pass]
        mov eax, [step_pass]
        lea edx, [eax - 1]
        call next_page.first
.page:  jz .end
        cmp [fs:edi + 4], edx
        je .as_written
        inc dword [step_wrong]
.as_written:
        mov [fs:edi + 4], eax
        call next_page
        jmp .page
.end:   ret

lockstep_round:
        inc dword [step_begun]
        mov eax, [step_begun]
        lea edx, [eax - 1]
        call next_page.first
.page:  jz .write
        cmp [fs:edi], edx
        je .as_written
        inc dword [step_wrong]
.as_written:
        mov [fs:edi], eax
        call next_page
        jmp .page
.write: mov [seed], eax
        and eax, step_blocks - 1
        mov [block], eax
        mov eax, [step_disk]
        mov [disk], eax
        call make_block
        mov ah, 0x43
        call disk_call
        jc .wrong
        mov eax, [step_begun]
        mov [step_done], eax
        inc eax
        and eax, step_blocks - 1
        mov [block], eax
        mov ah, 0x42
        call disk_call
        jc .wrong
        mov ax, buffer_segment
        mov es, ax
        mov eax, [step_begun]
        sub eax, step_blocks - 1
        jle .empty
        cmp [es:12], eax
        jne .wrong
        call is_whole
        jne .wrong
        jmp .over
.empty: call is_empty
        je .over
.wrong: inc dword [step_wrong]
.over:  mov eax, [ticks]
        mov [step_last], eax
        ret

step_gdt: dq 0, 0x00cf92000000ffff
step_gdtr: dw 15
        dd 0
step_disk: dd 0
step_mib: dd 0
step_pages: dd 0
step_quiet: dd 0
step_last: dd 0
; By which they are found in a dump of the RAM.
align 4
step_mark: db "LockStep"
step_begun: dd 0
step_done: dd 0
step_wrong: dd 0
step_pass: dd 0
