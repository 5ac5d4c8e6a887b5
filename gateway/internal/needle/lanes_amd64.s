#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// 1<<i for the high halves of ASCII, nothing for those above it.
TWICE(bits, 0x8040201008040201, 0x0000000000000000)

// 1<<(i-8) for the high halves of what is above ASCII.
TWICE(above, 0x0000000000000000, 0x8040201008040201)

#define SETUP(class) \
	VBROADCASTI128 class_rows(class), Y0; \
	VBROADCASTI128 class_above(class), Y1; \
	VMOVDQU above<>(SB), Y11; \
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
	VPSHUFB Y7, Y11, Y8; \
	VPSHUFB Y6, Y1, Y12; \
	VPAND Y8, Y12, Y8; \
	VPSHUFB Y7, Y3, Y7; \
	VPSHUFB Y6, Y0, Y6; \
	VPAND Y7, Y6, Y6; \
	VPOR Y8, Y6, Y6; \
	VPCMPEQB Y4, Y6, Y6; \
	VPCMPEQB Y4, Y5, Y5; \
	VPCMPEQB before(SI), Y4, Y7; \
	VPAND Y5, Y7, Y7; \
	VPOR Y7, Y6, out

// func skipAVX2(b *byte, blocks, width, more int, ends uint64, c *class) (skipped int, in uint64)
TEXT ·skipAVX2(SB), NOSPLIT, $0-64
	MOVQ b+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ width+16(FP), BX
	MOVQ more+24(FP), R11
	MOVQ ends+32(FP), R10
	MOVQ c+40(FP), DX
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

// Of the 64 bytes in Y0 and Y1: their low halves in Y2 and Y3, and 1<<i for the high
// ones in Y4 and Y5.
#define HALVES \
	VMOVDQU nibble<>(SB), Y6; \
	VMOVDQU bits<>(SB), Y7; \
	VPAND Y6, Y0, Y2; \
	VPAND Y6, Y1, Y3; \
	VPSRLW $4, Y0, Y4; \
	VPSRLW $4, Y1, Y5; \
	VPAND Y6, Y4, Y4; \
	VPAND Y6, Y5, Y5; \
	VPSHUFB Y4, Y7, Y4; \
	VPSHUFB Y5, Y7, Y5

// func kindsAVX2(b *byte, rows *[16]byte, n int, in *uint64)
TEXT ·kindsAVX2(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ rows+8(FP), DI
	MOVQ n+16(FP), CX
	MOVQ in+24(FP), DX
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	HALVES
	VPXOR Y8, Y8, Y8

kind:
	VBROADCASTI128 (DI), Y6
	VPSHUFB Y2, Y6, Y7
	VPSHUFB Y3, Y6, Y6
	VPAND Y4, Y7, Y7
	VPAND Y5, Y6, Y6
	VPCMPEQB Y8, Y7, Y7
	VPCMPEQB Y8, Y6, Y6
	VPMOVMSKB Y7, AX
	VPMOVMSKB Y6, BX
	SHLQ $32, BX
	ORQ  BX, AX
	NOTQ AX
	MOVQ AX, (DX)
	ADDQ $16, DI
	ADDQ $8, DX
	DECQ CX
	JNZ  kind
	VPMOVMSKB Y0, AX
	VPMOVMSKB Y1, BX
	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, (DX)
	VZEROUPPER
	RET

// func packSSE(out, b *byte, keep uint64, places *[256]uint64)
TEXT ·packSSE(SB), NOSPLIT, $0-32
	MOVQ out+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ keep+16(FP), CX
	MOVQ places+24(FP), BX
	PACK_ALL
	RET

// func packVBMI2(out, b *byte, keep uint64)
TEXT ·packVBMI2(SB), NOSPLIT, $0-24
	MOVQ out+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ keep+16(FP), CX
	KMOVQ CX, K1
	VMOVDQU64 (SI), Z0
	VPCOMPRESSB.Z Z0, K1, Z0
	VMOVDQU64 Z0, (DI)
	VZEROUPPER
	RET

EIGHT(lead, 0xc2c2c2c2c2c2c2c2)

EIGHT(even, 0xfefefefefefefefe)

EIGHT(first, 0xc0c0c0c0c0c0c0c0)

// func leadsAVX2(b *[64]byte) (leads, others uint64)
TEXT ·leadsAVX2(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), SI
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VMOVDQU even<>(SB), Y2
	VMOVDQU lead<>(SB), Y3
	VMOVDQU first<>(SB), Y4
	VPAND Y2, Y0, Y5
	VPAND Y2, Y1, Y6
	VPCMPEQB Y3, Y5, Y5
	VPCMPEQB Y3, Y6, Y6
	VPMOVMSKB Y5, AX
	VPMOVMSKB Y6, BX
	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, leads+8(FP)
	VPCMPGTB Y0, Y4, Y5 // as numbers with a sign, those that go on are the least
	VPCMPGTB Y1, Y4, Y6
	VPMOVMSKB Y5, AX
	VPMOVMSKB Y6, BX
	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, others+16(FP)
	VZEROUPPER
	RET
