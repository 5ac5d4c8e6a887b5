#include "go_asm.h"
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

#define SETUP(class) \
	VBROADCASTI128 class_rows(class), Y0; \
	VPBROADCASTQ class_high(class), Y1; \
	VMOVDQU nibble<>(SB), Y2; \
	VMOVDQU bits<>(SB), Y3; \
	VPXOR Y4, Y4, Y4

// out: ones in each byte that is not of the class, of the 32 at off(SI). rows has,
// for each low half, the high halves that are members.
#define OTHERS(off, before, out) \
	VMOVDQU off(SI), Y5; \
	VPAND Y2, Y5, Y6; \
	VPSRLW $4, Y5, Y7; \
	VPAND Y2, Y7, Y7; \
	VPSHUFB Y7, Y3, Y7; \
	VPSHUFB Y6, Y0, Y6; \
	VPAND Y7, Y6, Y6; \
	VPAND Y1, Y5, Y8; \
	VPOR Y8, Y6, Y6; \
	VPCMPEQB Y4, Y6, Y6; \
	VPCMPEQB Y4, Y5, Y5; \
	VPCMPEQB before(SI), Y4, Y7; \
	VPAND Y5, Y7, Y7; \
	VPOR Y7, Y6, out

#define IN_A_ROW(n) \
	MOVQ R8, R9; \
	SHRQ $n, R9; \
	ANDQ R9, R8

// func skipAVX2(b *byte, blocks, width int, ends uint64, c *class) (skipped int, in uint64)
TEXT ·skipAVX2(SB), NOSPLIT, $0-56
	MOVQ b+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ width+16(FP), BX
	MOVQ ends+24(FP), R10
	MOVQ c+32(FP), DX
	SETUP(DX)

next:
	OTHERS(1, 0, Y9)
	OTHERS(33, 32, Y10)
	VPMOVMSKB Y9, AX
	VPMOVMSKB Y10, R8
	SHLQ $32, R8
	ORQ  R8, AX
	NOTQ AX
	MOVQ AX, R8
	CMPQ BX, $2
	JLT  test
	IN_A_ROW(1)
	CMPQ BX, $4
	JLT  test
	IN_A_ROW(2)
	CMPQ BX, $8
	JLT  test
	IN_A_ROW(4)
	CMPQ BX, $16
	JLT  test
	IN_A_ROW(8)
	CMPQ BX, $32
	JLT  test
	IN_A_ROW(16)

test:
	SHRXQ BX, R8, R9
	ORQ  R10, R9
	ANDQ R9, R8 // twice as many in a row, or at the ends
	JNZ  found
	ADDQ $64, SI
	DECQ CX
	JNZ  next
	XORQ AX, AX

found:
	MOVQ AX, in+48(FP)
	MOVQ blocks+8(FP), AX
	SUBQ CX, AX
	MOVQ AX, skipped+40(FP)
	VZEROUPPER
	RET

// func passAVX2(b *byte, blocks int, c *class) (passed int)
TEXT ·passAVX2(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ c+16(FP), DX
	SETUP(DX)

more:
	OTHERS(1, 0, Y9)
	OTHERS(33, 32, Y10)
	VPOR Y9, Y10, Y9
	VPTEST Y9, Y9
	JNZ  out
	ADDQ $64, SI
	DECQ CX
	JNZ  more

out:
	MOVQ blocks+8(FP), AX
	SUBQ CX, AX
	MOVQ AX, passed+24(FP)
	VZEROUPPER
	RET
