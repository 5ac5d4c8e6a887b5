#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"

// What base64 and hex decode to, 64 characters at a time. The way to base64's bits is
// that of Mula and Lemire, "Faster Base64 Encoding and Decoding using AVX2
// Instructions" (ACM TWEB 12:3, 2018), with both alphabets; but each group's bytes are
// left where the group stands, with a border behind them, to be kept or not.

EIGHT(six, 0x3f3f3f3f3f3f3f3f)
EIGHT(dash, 0x2d2d2d2d2d2d2d2d)
EIGHT(slash, 0x2f2f2f2f2f2f2f2f)
EIGHT(under, 0x5f5f5f5f5f5f5f5f)
EIGHT(dashOff, 0xfefefefefefefefe)
EIGHT(slashOff, 0xfdfdfdfdfdfdfdfd)
EIGHT(underOff, 0x2121212121212121)
EIGHT(twelve, 0x0140014001400140)
EIGHT(most, 0x0001100000011000)
EIGHT(sixteen, 0x0110011001100110)
EIGHT(nine, 0x0909090909090909)
EIGHT(letterBit, 0x4040404040404040)
EIGHT(even, 0x00ff00ff00ff00ff)

// What to add to a character, by its high half: +19 for "+", 4 for digits, -65 for
// capitals, -71 for small letters.
TWICE(offsets, 0xb9b9bfbf04130000, 0x0000000000000000)

// The three bytes of each four, in order.
TWICE(threes, 0x8004050680000102, 0x800c0d0e8008090a)

#define ARGUMENTS \
	MOVQ out+0(FP), DI; \
	MOVQ b+8(FP), R10; \
	MOVQ list+16(FP), R11; \
	MOVQ keeps+24(FP), R12; \
	MOVQ n+32(FP), R13; \
	MOVQ border+40(FP), AX; \
	MOVQ AX, X11; \
	VPBROADCASTQ X11, Y11; \
	VMOVDQU nibble<>(SB), Y2

// SI: the next block's characters, CX: what is kept of it.
#define NEXT \
	MOVLQSX (R11), SI; \
	IMULQ $const_step, SI; \
	ADDQ R10, SI; \
	MOVQ (R12), CX; \
	ADDQ $4, R11; \
	ADDQ $8, R12

#define WRITTEN(result) \
	SUBQ out+0(FP), DI; \
	MOVQ DI, result; \
	VZEROUPPER; \
	RET

#define SETUP_SEXTETS \
	VMOVDQU six<>(SB), Y3; \
	VMOVDQU offsets<>(SB), Y7; \
	VMOVDQU twelve<>(SB), Y8; \
	VMOVDQU most<>(SB), Y9; \
	VMOVDQU threes<>(SB), Y10

#define ADD_AT(character, offset, out) \
	VPCMPEQB character<>(SB), Y4, Y6; \
	VPAND offset<>(SB), Y6, Y6; \
	VPADDB Y6, out, out

#define SEXTETS(off, out) \
	VMOVDQU off(SI), Y4; \
	VPSRLW $4, Y4, out; \
	VPAND Y2, out, out; \
	VPSHUFB out, Y7, out; \
	VPADDB Y4, out, out; \
	ADD_AT(dash, dashOff, out); \
	ADD_AT(slash, slashOff, out); \
	ADD_AT(under, underOff, out); \
	VPAND Y3, out, out; \
	VPMADDUBSW Y8, out, out; \
	VPMADDWD Y9, out, out; \
	VPSHUFB Y10, out, out; \
	VPOR Y11, out, out

#define SETUP_DIGITS \
	VMOVDQU even<>(SB), Y3; \
	VMOVDQU sixteen<>(SB), Y8; \
	VMOVDQU nine<>(SB), Y9; \
	VMOVDQU letterBit<>(SB), Y10

#define DIGITS(off, out) \
	VMOVDQU off(SI), Y4; \
	VPAND Y10, Y4, out; \
	VPCMPEQB Y10, out, out; \
	VPAND Y9, out, out; \
	VPAND Y2, Y4, Y6; \
	VPADDB Y6, out, out; \
	VPMADDUBSW Y8, out, out; \
	VPAND Y3, out, out; \
	VPOR Y11, out, out

// Moves what is kept of the 64 bytes in Y0 and Y1 to (DI).
#define COMPRESS \
	VINSERTI64X4 $1, Y1, Z0, Z0; \
	KMOVQ CX, K1; \
	VPCOMPRESSB.Z Z0, K1, Z0; \
	VMOVDQU64 Z0, (DI); \
	POPCNTQ CX, CX; \
	ADDQ CX, DI

// The same, for processors without such an instruction.
#define STORE_AND_PACK \
	VMOVDQU Y0, 0(SP); \
	VMOVDQU Y1, 32(SP); \
	MOVQ SP, SI; \
	PACK_ALL

// Decodes block by block, and moves what is kept.
#define BLOCKS(decode, move) \
block: \
	NEXT; \
	decode(0, Y0); \
	decode(32, Y1); \
	move; \
	DECQ R13; \
	JNZ block

// func sextetsVBMI2(out, b *byte, list *int32, keeps *uint64, n int, border uint64) (written int)
TEXT ·sextetsVBMI2(SB), NOSPLIT, $0-56
	ARGUMENTS
	SETUP_SEXTETS
	BLOCKS(SEXTETS, COMPRESS)
	WRITTEN(written+48(FP))

// func sextetsAVX2(out, b *byte, list *int32, keeps *uint64, n int, border uint64, places *[256]uint64) (written int)
TEXT ·sextetsAVX2(SB), NOSPLIT, $64-64
	ARGUMENTS
	MOVQ places+48(FP), BX
	SETUP_SEXTETS
	BLOCKS(SEXTETS, STORE_AND_PACK)
	WRITTEN(written+56(FP))

// func digitsVBMI2(out, b *byte, list *int32, keeps *uint64, n int, border uint64) (written int)
TEXT ·digitsVBMI2(SB), NOSPLIT, $0-56
	ARGUMENTS
	SETUP_DIGITS
	BLOCKS(DIGITS, COMPRESS)
	WRITTEN(written+48(FP))

// func digitsAVX2(out, b *byte, list *int32, keeps *uint64, n int, border uint64, places *[256]uint64) (written int)
TEXT ·digitsAVX2(SB), NOSPLIT, $64-64
	ARGUMENTS
	MOVQ places+48(FP), BX
	SETUP_DIGITS
	BLOCKS(DIGITS, STORE_AND_PACK)
	WRITTEN(written+56(FP))
