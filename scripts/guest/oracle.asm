; The oracle guest: a program that boots in place of a Linux kernel, writes and reads numbered blocks of its disks
; through the BIOS, keeps a counter in RAM and talks over the first serial port. It refuses to know any file system.
;
; One line is one order, numbers are decimal, and the answer is one line too, sent when the order is carried out. A line may
; end as a terminal's Enter ends it, by CR.
;
;   order      answer                         what it does
;   P t        P t                            nothing: tells that the guest is there
;   W d n s    W d n s                        writes block n of disk d (0, 1, …) with seed s; see make_block
;   R d n      R d n s whole|broken|empty     reads it: the seed found, and whether all of it fits
;   B d n k s  B d n k s                      writes k blocks with seed s: n, n + 16, …, one in each 64 KiB
;   C n        C n                            sets the counter, which is 0 after a boot
;   T          T n                            how often the clock has ticked since the boot, 18.2 times a second
;   F k s      F k s                          fills k KiB of RAM (at most 256) by seed s
;   ?          ? counter k s whole|broken     the counter, and whether that RAM still is as it was filled
;
; What the BIOS cannot do is answered by "E status", anything else by "E order". The power button switches it off.
; Assembled by: nasm -f bin oracle.asm
bits 16
cpu 386
org 0

%ifdef LOCKSTEP
setup_sectors equ 9
%else
setup_sectors equ 7             ; behind the first one: the program has to fit in there
%endif
ring_size equ 1024              ; characters that came and are not read yet: a power of 2
line_size equ 64
buffer_segment equ 0x3000       ; one block
block_dwords equ 1024
block_sectors equ 8
batch_stride equ 16             ; blocks in a cluster of a usual qcow2 image
fill_segment equ 0x4000
most_fill equ 256               ; KiB
com1 equ 0x3f8
pm1 equ 0x600                   ; SeaBIOS puts the ACPI registers here, on pc and on q35

; The header by which QEMU takes this file for a kernel: Documentation/arch/x86/boot.rst of Linux, protocol 2.2.
        times 0x1f1 - ($ - $$) db 0
        db setup_sectors
        dw 0                    ; root_flags
        dd 32                   ; syssize in units of 16 bytes: the last sector of this file
        dw 0, 0xffff, 0         ; ram_size, vid_mode, root_dev
        dw 0xaa55
        jmp short begin         ; offset 0x200: the loader jumps here, with CS 0x20 above DS
        db "HdrS"
        dw 0x0202               ; version
        dd 0                    ; realmode_swtch
        dw 0, 0                 ; start_sys_seg, kernel_version
        db 0, 1                 ; type_of_loader, loadflags: LOADED_HIGH
        dw 0                    ; setup_move_size
        dd 0x100000             ; code32_start
        dd 0, 0, 0              ; ramdisk_image, ramdisk_size, bootsect_kludge
        dw 0, 0                 ; heap_end_ptr, pad
        dd 0                    ; cmd_line_ptr
        times 0x270 - ($ - $$) db 0     ; later versions' fields: QEMU writes some of them whatever the version is

begin:  push ds                 ; from now on CS = DS, and offsets are those in this file
        push word start
        retf

start:  cli
        xor ax, ax
        mov fs, ax
        mov word [fs:0x0c * 4], on_serial
        mov [fs:0x0c * 4 + 2], cs
        mov word [fs:0x1c * 4], on_tick
        mov [fs:0x1c * 4 + 2], cs
        mov si, port_settings
.port:  lodsw                   ; AL: register, AH: value
        movzx dx, al
        add dx, com1
        mov al, ah
        out dx, al
        cmp si, port_settings.end
        jb .port
        in al, 0x21
        and al, ~0x10           ; IRQ 4 may come
        out 0x21, al
        mov dx, pm1 + 2
        mov ax, 0x100           ; without this QEMU does not even note that the power button was pressed
        out dx, ax
        sti

next_order:
        call read_line
        mov si, line
        lodsb
        mov bx, orders
.find:  cmp byte [bx], 0
        je .unknown
        cmp al, [bx]
        je .found
        add bx, 3
        jmp .find
.found: call [bx + 1]
.end:   mov al, 10
        call put
        jmp next_order
.unknown:
        mov di, word_order
        call put_text
        jmp .end

orders: db 'P'
        dw ping
        db 'W'
        dw write_block
        db 'R'
        dw read_block
        db 'B'
        dw write_batch
        db 'C'
        dw set_counter
        db 'T'
        dw tell_ticks
        db 'F'
        dw fill_ram
        db '?'
        dw tell
%ifdef LOCKSTEP
        db 'L'
        dw lockstep
        db 'K'
        dw tell_lockstep
%endif
        db 0

ping:   call number
        mov [token], eax
        mov al, 'P'
        call put
        mov eax, [token]
        jmp put_number

write_block:
        call number
        mov [disk], eax
        call number
        mov [block], eax
        call number
        mov [seed], eax
        call make_block
        mov ah, 0x43            ; write; AL = 0: without verifying
        call disk_call
        jc disk_failed
        mov al, 'W'
        call put
        mov eax, [disk]
        call put_number
        mov eax, [block]
        call put_number
        mov eax, [seed]
        jmp put_number

write_batch:
        call number
        mov [disk], eax
        call number
        mov [block], eax
        mov [first], eax
        call number
        mov [left], eax
        mov [batch], eax
        call number
        mov [seed], eax
.next:  cmp dword [left], 0
        je .done
        call make_block
        mov ah, 0x43
        call disk_call
        jc disk_failed
        add dword [block], batch_stride
        dec dword [left]
        jmp .next
.done:  mov al, 'B'
        call put
        mov eax, [disk]
        call put_number
        mov eax, [first]
        call put_number
        mov eax, [batch]
        call put_number
        mov eax, [seed]
        jmp put_number

read_block:
        call number
        mov [disk], eax
        call number
        mov [block], eax
        mov ah, 0x42
        call disk_call
        jc disk_failed
        mov al, 'R'
        call put
        mov eax, [disk]
        call put_number
        mov eax, [block]
        call put_number
        mov ax, buffer_segment
        mov es, ax
        mov eax, [es:12]
        mov [seed], eax
        call put_number
        call is_empty
        mov di, word_empty
        je put_text
        call is_whole
        mov di, word_whole
        je put_text
        mov di, word_broken
        jmp put_text

disk_failed:
        push ax
        mov al, 'E'
        call put
        pop ax
        movzx eax, ah
        jmp put_number

; AH: what INT 13h shall do with the block. Carry and AH as it leaves them.
disk_call:
        mov ecx, [block]
        imul ecx, ecx, block_sectors
        mov [packet.sector], ecx
        mov al, 0
        mov dl, [disk]
        add dl, 0x80
        mov si, packet
        int 0x13
        push cs                 ; the BIOS promises less of the segments than we need
        pop ds
        ret

; A block is 1024 numbers of 32 bits, lowest byte first: "VRBK", disk, block, seed, 1019 numbers of the generator
; x → 1664525 x + 1013904223, begun at 2654435761 seed ⊕ block ⊕ 2^24 disk, and the sum of all those before.
make_block:
        mov ax, buffer_segment
        mov es, ax
        xor di, di
        mov eax, 'VRBK'
        mov ebp, eax            ; EBP: sum
        stosd
        mov eax, [disk]
        add ebp, eax
        stosd
        mov eax, [block]
        add ebp, eax
        stosd
        mov eax, [seed]
        add ebp, eax
        stosd
        imul eax, eax, 2654435761
        xor eax, [block]
        mov edx, [disk]
        shl edx, 24
        xor eax, edx
        mov cx, block_dwords - 5
.next:  imul eax, eax, 1664525
        add eax, 1013904223
        add ebp, eax
        stosd
        loop .next
        mov eax, ebp
        stosd
        ret

; ZF: the block that was read is all zeros. ES: buffer.
is_empty:
        xor di, di
        xor eax, eax
        mov cx, block_dwords
        repe scasd
        ret

; ZF: it says that it is the block asked for, and its sum is right. ES: buffer.
is_whole:
        cmp dword [es:0], 'VRBK'
        jne .end
        mov eax, [disk]
        cmp [es:4], eax
        jne .end
        mov eax, [block]
        cmp [es:8], eax
        jne .end
        xor di, di
        xor eax, eax
        mov cx, block_dwords - 1
.next:  add eax, [es:di]
        add di, 4
        loop .next
        cmp [es:di], eax
.end:   ret

set_counter:
        call number
        mov [counter], eax
        mov al, 'C'
        call put
        mov eax, [counter]
        jmp put_number

tell_ticks:
        mov al, 'T'
        call put
        mov eax, [ticks]
        jmp put_number

fill_ram:
        call number
        cmp eax, most_fill
        jbe .fits
        mov eax, most_fill
.fits:  mov [filled], eax
        call number
        mov [fill_seed], eax
        mov byte [fill_mode], 0
        call walk_fill
        mov al, 'F'
        call put
        mov eax, [filled]
        call put_number
        mov eax, [fill_seed]
        jmp put_number

tell:   mov al, '?'
        call put
        mov eax, [counter]
        call put_number
        mov eax, [filled]
        call put_number
        mov eax, [fill_seed]
        call put_number
        mov byte [fill_mode], 1
        call walk_fill
        mov di, word_whole
        je put_text
        mov di, word_broken
        jmp put_text

; Writes the pattern (fill_mode 0) or compares it (1; ZF: it is there), a KiB at a time.
walk_fill:
        mov eax, [fill_seed]
        mov bx, [filled]
        mov dx, fill_segment
.kib:   or bx, bx
        jz .end                 ; ZF
        mov es, dx
        xor di, di
        mov cx, 256
.next:  imul eax, eax, 1664525
        add eax, 1013904223
        cmp byte [fill_mode], 0
        je .write
        scasd
        jne .end
        loop .next
        jmp .done
.write: stosd
        loop .next
.done:  add dx, 1024 / 16
        dec bx
        jmp .kib
.end:   ret

; ---- lines

; Fills `line`, ended by 0. What is longer than a line is cut.
read_line:
        mov di, line
.next:  call get
        cmp al, 10
        je .end
        cmp al, 13
        je .end
        cmp di, line + line_size - 1
        jae .next
        mov [di], al
        inc di
        jmp .next
.end:   mov byte [di], 0
        ret

; EAX: the next number at SI, 0 where there is none.
number: xor eax, eax
.skip:  cmp byte [si], ' '
        jne .digit
        inc si
        jmp .skip
.digit: movzx ecx, byte [si]
        sub ecx, '0'
        cmp ecx, 9
        ja .end
        imul eax, eax, 10
        add eax, ecx
        inc si
        jmp .digit
.end:   ret

; A space and the number in EAX.
put_number:
        push eax
        mov al, ' '
        call put
        pop eax
        xor cx, cx
        mov ebx, 10
.split: xor edx, edx
        div ebx
        push dx
        inc cx
        or eax, eax
        jnz .split
.say:   pop ax
        add al, '0'
        call put
        loop .say
        ret

; The text at DI, ended by 0.
put_text:
        mov al, [di]
        inc di
        or al, al
        jz .end
        call put
        jmp put_text
.end:   ret

put:    push dx
        push ax
        mov dx, com1 + 5
.wait:  in al, dx
        test al, 0x20
        jz .wait
        mov dx, com1
        pop ax
        out dx, al
        pop dx
        ret

; AL: the next character. Sleeps until one comes; the clock's interrupt wakes it for a look at the power button.
get:    cli
        mov bx, [ring_out]
        cmp bx, [ring_in]
        jne .take
%ifdef LOCKSTEP
        cmp dword [step_pages], 0
        je .sleep
        sti
        pushad
        push es
        call lockstep_on
        pop es
        popad
        jmp .button
.sleep:
%endif
        sti                     ; takes effect behind the next instruction: nothing can come in between
        hlt
.button:
        mov dx, pm1
        in ax, dx
        test ah, 1
        jz get
        mov dx, pm1 + 4
        mov ax, 0x2000          ; S5
        out dx, ax
        jmp get
.take:  mov al, [ring + bx]
        inc bx
        and bx, ring_size - 1
        mov [ring_out], bx
        sti
        ret

; The BIOS calls it at each tick of its clock, with its own segments and interrupts off.
on_tick:
        inc dword [cs:ticks]
        iret

on_serial:
        push ax
        push bx
        push dx
        push ds
        push cs
        pop ds
.next:  mov dx, com1 + 5
        in al, dx
        test al, 1
        jz .end
        mov dx, com1
        in al, dx
        mov bx, [ring_in]
        mov [ring + bx], al
        inc bx
        and bx, ring_size - 1
        mov [ring_in], bx
        jmp .next
.end:   mov al, 0x20
        out 0x20, al
        pop ds
        pop dx
        pop bx
        pop ax
        iret

; register, value. No FIFO: switching it on would drop what the host sent while the BIOS was at work.
port_settings:
        db 3, 0x80, 0, 1, 1, 0, 3, 3, 4, 0x0b, 1, 1
.end:

word_order: db "E order", 0
word_whole: db " whole", 0
word_broken: db " broken", 0
word_empty: db " empty", 0

align 4
packet: db 16, 0
        dw block_sectors
        dw 0, buffer_segment
.sector: dd 0, 0

token: dd 0
disk: dd 0
block: dd 0
seed: dd 0
first: dd 0
left: dd 0
batch: dd 0
counter: dd 0
ticks: dd 0
filled: dd 0
fill_seed: dd 0
fill_mode: db 0
align 2
ring_in: dw 0
ring_out: dw 0
line: times line_size db 0
ring: times ring_size db 0

%ifdef LOCKSTEP
%include "lockstep.asm"
%endif

        times (setup_sectors + 1) * 512 - ($ - $$) db 0
        times 512 db 0          ; the "kernel" that QEMU wants to find behind the setup code
