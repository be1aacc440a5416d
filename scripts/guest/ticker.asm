; Says a character each millisecond that it is let run, for as long as the guest lives: what is not said tells how long the guest
; stood still. A program for the demo guest, which has no compiler: nasm -f bin ticker.asm
bits 64
org 0x400000

; The least that Linux takes for a program: elf(5).
file:   db 0x7f, "ELF", 2, 1, 1
        times 9 db 0
        dw 2, 62                ; EXEC, x86-64
        dd 1
        dq begin
        dq load - $$
        dq 0
        dd 0
        dw 64, 56, 1, 0, 0, 0
load:   dd 1, 5                 ; LOAD, readable and executable
        dq 0, $$, $$, size, size, 0x1000

begin:  mov eax, 1              ; write(1, dot, 1)
        mov edi, 1
        mov esi, dot
        mov edx, 1
        syscall
        mov eax, 35             ; nanosleep(pause, 0)
        mov edi, pause
        xor esi, esi
        syscall
        jmp begin

dot:    db '.'
align 8
pause:  dq 0, 1000000
size equ $ - $$
