#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"
#include "look_amd64.h"

// func kindsGFNI(b *byte, tables *[256]byte, n int, in *uint64)
TEXT ·kindsGFNI(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ tables+8(FP), DI
	MOVQ n+16(FP), CX
	MOVQ in+24(FP), DX
	SETUP_TURN
	VMOVDQU64 (SI), Z0
	VPSHUFB Z20, Z0, Z0
	VPMOVB2M Z0, K1

table:
	LOOK_UP_AND_TURN(DI, 0)
	VMOVDQU64 Z1, (DX)
	ADDQ $256, DI
	ADDQ $64, DX
	DECQ CX
	JNZ  table
	VZEROUPPER
	RET

// The bytes of a class, for all 256.
#define SETUP_CLASS(class) \
	VMOVDQU64 class_in(class), Z4; \
	VMOVDQU64 (class_in+64)(class), Z5; \
	VMOVDQU64 (class_in+128)(class), Z6; \
	VMOVDQU64 (class_in+192)(class), Z7

// K1: which of the 64 bytes at 1(SI) are of the class. The second of two zeros is in none.
#define MEMBERS \
	VMOVDQU64 1(SI), Z0; \
	VMOVDQA64 Z0, Z1; \
	VMOVDQA64 Z0, Z2; \
	VPMOVB2M Z0, K1; \
	VPERMI2B Z5, Z4, Z1; \
	VPERMI2B Z7, Z6, Z2; \
	VMOVDQU8 Z2, K1, Z1; \
	VPTESTNMB Z0, Z0, K2; \
	VMOVDQU64 (SI), Z2; \
	VPTESTNMB Z2, Z2, K2, K2; \
	VPTESTMB Z1, Z1, K1; \
	KANDNQ K1, K2, K1

// func skipVBMI(b *byte, blocks, width, more int, ends uint64, c *class) (skipped int, in uint64)
TEXT ·skipVBMI(SB), NOSPLIT, $0-64
	MOVQ b+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ width+16(FP), BX
	MOVQ more+24(FP), R11
	MOVQ ends+32(FP), R10
	MOVQ c+40(FP), DX
	SETUP_CLASS(DX)

next:
	MEMBERS
	KMOVQ K1, AX
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
	SHRXQ R11, R8, R12
	ANDQ R10, R12
	ORQ  R12, R9
	ANDQ R9, R8 // twice as many in a row, or some more at the ends
	JNZ  found
	ADDQ $64, SI
	DECQ CX
	JNZ  next
	XORQ AX, AX

found:
	MOVQ AX, in+56(FP)
	MOVQ blocks+8(FP), AX
	SUBQ CX, AX
	MOVQ AX, skipped+48(FP)
	VZEROUPPER
	RET

// func passVBMI(b *byte, blocks int, c *class) (passed int)
TEXT ·passVBMI(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ c+16(FP), DX
	SETUP_CLASS(DX)

more:
	MEMBERS
	KORTESTQ K1, K1
	JCC  out // not all
	ADDQ $64, SI
	DECQ CX
	JNZ  more

out:
	MOVQ blocks+8(FP), AX
	SUBQ CX, AX
	MOVQ AX, passed+24(FP)
	VZEROUPPER
	RET

EIGHT(ascii, 0x7f7f7f7f7f7f7f7f)

#define CODE(place, b) \
	VMOVDQU64 (128*place)(DI), Z4; \
	VPERMI2B (128*place+64)(DI), Z4, b

// func codingVBMI(b *byte, codes *codes, block *coded)
TEXT ·codingVBMI(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ block+16(FP), DX
	SETUP_TURN
	VBROADCASTI32X4 ascii<>(SB), Z4
	VPMINUB (SI), Z4, Z0 // what is above ASCII is as DEL, no character of a coding
	VMOVDQU64 place<>+1(SB), Z1
	VMOVDQU64 place<>+2(SB), Z2
	VMOVDQU64 place<>+3(SB), Z3
	VPERMB Z0, Z1, Z1
	VPERMB Z0, Z2, Z2
	VPERMB Z0, Z3, Z3
	CODE(0, Z0)
	CODE(1, Z1)
	CODE(2, Z2)
	CODE(3, Z3)
	VPTERNLOGQ $0x80, Z2, Z1, Z0 // of all three
	VPANDQ Z3, Z0, Z0
	REVERSE_AND_TURN(Z0)
	MOVQ $0x1fffffffffffffff, AX // behind are those of the next block
	VPBROADCASTQ AX, Z1
	VPANDQ Z1, Z0, Z0
	VMOVDQU64 Z0, coded_groups(DX)
	VZEROUPPER
	RET
