#include "textflag.h"

// What base64 and hex decode to, 32 characters at a time. The way to base64's bits is
// that of Mula and Lemire, "Faster Base64 Encoding and Decoding using AVX2
// Instructions" (ACM TWEB 12:3, 2018), with both alphabets.

#define EIGHT(name, v) \
	DATA name<>+0(SB)/8, $v; \
	DATA name<>+8(SB)/8, $v; \
	DATA name<>+16(SB)/8, $v; \
	DATA name<>+24(SB)/8, $v; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

EIGHT(low, 0x0f0f0f0f0f0f0f0f)
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

// 1<<i for the high halves of ASCII.
DATA halves<>+0(SB)/8, $0x8040201008040201
DATA halves<>+8(SB)/8, $0x0000000000000000
DATA halves<>+16(SB)/8, $0x8040201008040201
DATA halves<>+24(SB)/8, $0x0000000000000000
GLOBL halves<>(SB), RODATA|NOPTR, $32

// What to add to a character, by its high half: +19 for "+", 4 for digits, -65 for
// capitals, -71 for small letters.
DATA offsets<>+0(SB)/8, $0xb9b9bfbf04130000
DATA offsets<>+8(SB)/8, $0x0000000000000000
DATA offsets<>+16(SB)/8, $0xb9b9bfbf04130000
DATA offsets<>+24(SB)/8, $0x0000000000000000
GLOBL offsets<>(SB), RODATA|NOPTR, $32

// The three bytes of each four, in order.
DATA threes<>+0(SB)/8, $0x090a040506000102
DATA threes<>+8(SB)/8, $0x808080800c0d0e08
DATA threes<>+16(SB)/8, $0x090a040506000102
DATA threes<>+24(SB)/8, $0x808080800c0d0e08
GLOBL threes<>(SB), RODATA|NOPTR, $32

DATA joined<>+0(SB)/8, $0x0000000100000000
DATA joined<>+8(SB)/8, $0x0000000400000002
DATA joined<>+16(SB)/8, $0x0000000600000005
DATA joined<>+24(SB)/8, $0x0000000700000003
GLOBL joined<>(SB), RODATA|NOPTR, $32

// Y4: the high halves of 32 characters in Y0. Jumps where one is not of the class
// whose rows are in Y1.
#define MEMBERS(out) \
	VPAND Y2, Y0, Y5; \
	VPSRLW $4, Y0, Y4; \
	VPAND Y2, Y4, Y4; \
	VPSHUFB Y5, Y1, Y5; \
	VPSHUFB Y4, Y3, Y6; \
	VPAND Y6, Y5, Y5; \
	VPCMPEQB Y15, Y5, Y5; \
	VPTEST Y5, Y5; \
	JNZ  out

#define ADD_AT(character, offset) \
	VPCMPEQB character<>(SB), Y0, Y6; \
	VPAND offset<>(SB), Y6, Y6; \
	VPADDB Y6, Y5, Y5

// func sextetsAVX2(out, b *byte, blocks int, rows *[16]byte, high uint32) (done int)
TEXT ·sextetsAVX2(SB), NOSPLIT, $0-48
	MOVQ out+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVQ rows+24(FP), DX
	MOVL high+32(FP), BX
	VBROADCASTI128 (DX), Y1
	VMOVDQU low<>(SB), Y2
	VMOVDQU halves<>(SB), Y3
	VMOVDQU offsets<>(SB), Y7
	VMOVDQU twelve<>(SB), Y8
	VMOVDQU most<>(SB), Y9
	VMOVDQU threes<>(SB), Y10
	VMOVDQU joined<>(SB), Y11
	VPXOR Y15, Y15, Y15

sextets:
	VMOVDQU (SI), Y0
	MEMBERS(last)
	VPSHUFB Y4, Y7, Y5
	VPADDB Y0, Y5, Y5
	ADD_AT(dash, dashOff)
	ADD_AT(slash, slashOff)
	ADD_AT(under, underOff)
	VPMADDUBSW Y8, Y5, Y5
	VPMADDWD Y9, Y5, Y5
	VPSHUFB Y10, Y5, Y5
	VPERMD Y5, Y11, Y5
	VPMOVMSKB Y5, AX
	ANDL BX, AX // those that may not be above ASCII
	JNZ  last
	VMOVDQU Y5, (DI)
	ADDQ $24, DI
	ADDQ $32, SI
	DECQ CX
	JNZ  sextets

last:
	MOVQ blocks+16(FP), AX
	SUBQ CX, AX
	MOVQ AX, done+40(FP)
	VZEROUPPER
	RET

// func pairsAVX2(out, b *byte, blocks int, rows *[16]byte, high uint32) (done int)
TEXT ·pairsAVX2(SB), NOSPLIT, $0-48
	MOVQ out+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVQ rows+24(FP), DX
	MOVL high+32(FP), BX
	VBROADCASTI128 (DX), Y1
	VMOVDQU low<>(SB), Y2
	VMOVDQU halves<>(SB), Y3
	VMOVDQU sixteen<>(SB), Y8
	VMOVDQU nine<>(SB), Y9
	VMOVDQU letterBit<>(SB), Y10
	VPXOR Y15, Y15, Y15

pairs:
	VMOVDQU (SI), Y0
	MEMBERS(end)
	VPAND Y10, Y0, Y5
	VPCMPEQB Y10, Y5, Y5
	VPAND Y9, Y5, Y5
	VPAND Y2, Y0, Y6
	VPADDB Y6, Y5, Y5
	VPMADDUBSW Y8, Y5, Y5
	VPACKUSWB Y5, Y5, Y5
	VPERMQ $0x08, Y5, Y5
	VPMOVMSKB X5, AX
	ANDL BX, AX
	JNZ  end
	VMOVDQU X5, (DI)
	ADDQ $16, DI
	ADDQ $32, SI
	DECQ CX
	JNZ  pairs

end:
	MOVQ blocks+16(FP), AX
	SUBQ CX, AX
	MOVQ AX, done+40(FP)
	VZEROUPPER
	RET
