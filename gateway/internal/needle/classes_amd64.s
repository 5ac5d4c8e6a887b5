#include "textflag.h"

DATA nibble<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+16(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL nibble<>(SB), RODATA|NOPTR, $32

// 1<<i for the high halves of ASCII, nothing for those above it.
DATA bits<>+0(SB)/8, $0x8040201008040201
DATA bits<>+8(SB)/8, $0x0000000000000000
DATA bits<>+16(SB)/8, $0x8040201008040201
DATA bits<>+24(SB)/8, $0x0000000000000000
GLOBL bits<>(SB), RODATA|NOPTR, $32

// One class of the 32 bytes whose low halves are in Y6 and the bits of their high
// halves in Y7; table holds, for each low half, the high halves that are members.
#define CLASS(table, out) \
	VPSHUFB Y6, table, Y8; \
	VPAND Y7, Y8, Y8; \
	VPCMPEQB Y12, Y8, Y8; \
	VPMOVMSKB Y8, out; \
	NOTL out

// func classifyAVX2(dst *masks, src *byte, blocks int, rows *[4][16]byte, high uint64)
TEXT ·classifyAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVQ rows+24(FP), DX
	MOVQ high+32(FP), R15
	VBROADCASTI128 0(DX), Y0
	VBROADCASTI128 16(DX), Y1
	VBROADCASTI128 32(DX), Y2
	VBROADCASTI128 48(DX), Y3
	VMOVDQU nibble<>(SB), Y10
	VMOVDQU bits<>(SB), Y11
	VPXOR Y12, Y12, Y12

loop:
	VMOVDQU 0(SI), Y5
	VPAND Y10, Y5, Y6
	VPSRLW $4, Y5, Y7
	VPAND Y10, Y7, Y7
	VPSHUFB Y7, Y11, Y7
	VPMOVMSKB Y5, R8
	CLASS(Y0, AX)
	CLASS(Y1, BX)
	CLASS(Y2, R9)
	CLASS(Y3, R10)
	VMOVDQU 32(SI), Y5
	VPAND Y10, Y5, Y6
	VPSRLW $4, Y5, Y7
	VPAND Y10, Y7, Y7
	VPSHUFB Y7, Y11, Y7
	VPMOVMSKB Y5, R11
	SHLQ $32, R11
	ORQ R11, R8
	ANDQ R15, R8
	CLASS(Y0, R11)
	SHLQ $32, R11
	ORQ R11, AX
	ORQ R8, AX
	MOVQ AX, 0(DI)
	CLASS(Y1, R11)
	SHLQ $32, R11
	ORQ R11, BX
	MOVQ BX, 8(DI)
	CLASS(Y2, R11)
	SHLQ $32, R11
	ORQ R11, R9
	MOVQ R9, 16(DI)
	CLASS(Y3, R11)
	SHLQ $32, R11
	ORQ R11, R10
	MOVQ R10, 24(DI)
	ADDQ $64, SI
	ADDQ $32, DI
	DECQ CX
	JNZ loop
	VZEROUPPER
	RET
