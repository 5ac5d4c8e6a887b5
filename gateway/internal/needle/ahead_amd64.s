#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"
#include "look_amd64.h"

// What decide, finish and the writer do, in one loop over blocks, for processors that look
// up 64 bytes at once: for blocks without borders and joints, and whose tokens are all told
// by the 64. Others are left to Go behind the first step, with what decide says of them.

EIGHT(ascii, 0x7f7f7f7f7f7f7f7f)
EIGHT(capital, 0x4040404040404040) // what letters have and digits have not
EIGHT(nine, 0x0909090909090909)
EIGHT(highNibble, 0xf0f0f0f0f0f0f0f0)
EIGHT(six, 0x3f3f3f3f3f3f3f3f)
EIGHT(lead, 0xc2c2c2c2c2c2c2c2)
EIGHT(even, 0xfefefefefefefefe)
EIGHT(first, 0xc0c0c0c0c0c0c0c0)
EIGHT(unfit, 0x0101010101010101) // 1<<valueUnfit
// How many places behind the next byte two digits are, by the lowest types.
TWICE(digits, 0x0000000000010000, 0x0000000300000003)
EIGHT(percent, 0x2525252525252525)
EIGHT(hundred, 0x6464646464646464)
EIGHT(quote, 0x2222222222222222)
EIGHT(amp, 0x2626262626262626)
EIGHT(hash, 0x2323232323232323)
EIGHT(lf, 0x0a0a0a0a0a0a0a0a)
EIGHT(cr, 0x0d0d0d0d0d0d0d0d)
EIGHT(equal, 0x3d3d3d3d3d3d3d3d)

// Stack: words of a block that are asked for again, tokens by type, and classes of bytes.
#define MASK 0(SP) // the bytes that are decided about
#define MISSING 8(SP) // how many bytes the block is short of 64
#define LONG 16(SP)
#define STARTS 24(SP)
#define BACKS 32(SP)
#define LIMIT 40(SP) // where the last full block begins
#define DONE 48(SP) // references and percent signs in one another, and what is taken out of them
#define OUT 56(SP)
#define AMPS 64(SP) // those that are an "&" themselves
#define HASHES 72(SP)
#define LATIN 80(SP)
#define STARTED 88(SP) // every "&" that may begin one
#define LAST 96(SP) // the line's end that is last in the block
#define NOTHING 104(SP) // neither kept, nor a line's end, nor a border
#define TYPES 112(SP)
#define TYPE(n) (112+8*n)(SP)
#define CLASSES 176(SP)
#define CLASS(n) (176+8*n)(SP)
#define REFERENCES 240(SP)
#define REFERENCE(n) (240+8*n)(SP)
#define VALUES 304(SP)
#define VALUE(n) (304+8*n)(SP)
#define UNFIT 368(SP)
#define STEP 376(SP) // how many bytes are done
#define ENDS 384(SP) // borders that end what stays

// In each byte, the types of token in which it may be at that place.
#define ROLE(place, low, b) \
	VPERMI2B (128*place+64)(AX), low, b

// Of the bits of R11 those that stay that are followed by enough of them for a form.
#define FOLLOWED(n) \
	MOVBQZX (content_runs+n)(CX), DX; \
	SHRXQ DX, R11, DX; \
	ANDQ DX, R11

#define AMP_ROLE(place, b) \
	VMOVDQU64 (lookups_amps+128*place)(AX), Z8; \
	VPERMI2B (lookups_amps+128*place+64)(AX), Z8, b

// The bytes of that type of reference, by bit n of Z0, have the values of v.
#define REFERENCE_IS(n, v) \
	VPSLLW $(7-n), Z0, Z1; \
	VPMOVB2M Z1, K1; \
	VMOVDQU8 v, K1, Z9

// func aheadVBMI(f *folder, raw, out *byte, last, room int, look *lookups, strange *[256]byte) (done, written, what int)
TEXT ·aheadVBMI(SB), NOSPLIT, $392-80
	MOVQ raw+8(FP), SI
	MOVQ out+16(FP), DI
	MOVQ last+24(FP), AX
	ADDQ SI, AX
	MOVQ AX, LIMIT
	MOVQ f+0(FP), BX
	MOVQ folder_over(BX), R8
	SETUP_TURN
	VMOVDQU64 place<>+1(SB), Z11
	VMOVDQU64 place<>+2(SB), Z12
	VMOVDQU64 place<>+3(SB), Z13
	VMOVDQU64 place<>+4(SB), Z14
	VMOVDQU64 place<>+5(SB), Z15
	VBROADCASTI32X4 ascii<>(SB), Z16
	VBROADCASTI32X4 capital<>(SB), Z17
	VBROADCASTI32X4 nibble<>(SB), Z18
	VBROADCASTI32X4 nine<>(SB), Z19
	VBROADCASTI32X4 highNibble<>(SB), Z23
	VBROADCASTI32X4 six<>(SB), Z24
	VBROADCASTI32X4 first<>(SB), Z31
	MOVQ look+40(FP), AX
	VMOVDQU64 lookups_roles(AX), Z25
	VMOVDQU64 (lookups_roles+128)(AX), Z26
	VMOVDQU64 (lookups_roles+256)(AX), Z27
	VMOVDQU64 (lookups_roles+384)(AX), Z28
	VMOVDQU64 (lookups_roles+512)(AX), Z29
	VMOVDQU64 (lookups_roles+640)(AX), Z30

	MOVQ room+32(FP), AX
	XORQ R10, R10
	MOVQ $64, CX
	SUBQ AX, CX
	CMOVQLT R10, CX
	MOVQ CX, MISSING
	MOVQ $const_decided, CX
	CMPQ AX, CX
	CMOVQGT CX, AX
	MOVQ AX, (folder_block+block_end)(BX)
	MOVQ $-1, CX
	BZHIQ AX, CX, CX
	MOVQ CX, MASK

next:
	// What is above ASCII has the roles of DEL, which are none.
	MOVQ look+40(FP), AX
	VMOVDQU64 (SI), Z10
	VPMINUB Z16, Z10, Z0
	VPERMB Z0, Z11, Z1
	VPERMB Z0, Z12, Z2
	VPERMB Z0, Z13, Z3
	VPERMB Z0, Z14, Z4
	VPERMB Z0, Z15, Z5
	ROLE(0, Z25, Z0)
	ROLE(1, Z26, Z1)
	ROLE(2, Z27, Z2)
	ROLE(3, Z28, Z3)
	ROLE(4, Z29, Z4)
	ROLE(5, Z30, Z5)
	VPSLLW $(7-const_typeFour), Z5, Z6
	VPMOVB2M Z6, K3 // whether the fifth behind is a hex digit
	VPTERNLOGQ $0x80, Z2, Z1, Z0 // of all three
	VPTERNLOGQ $0x80, Z4, Z3, Z0
	VPANDQ Z5, Z0, Z0
	VMOVDQA64 Z0, Z9
	REVERSE_AND_TURN(Z0)
	VMOVDQU64 Z0, TYPES
	VPSHUFB Z20, Z10, Z0
	VPMOVB2M Z0, K1
	LOOK_UP_AND_TURN(AX, lookups_class)
	VMOVDQU64 Z1, CLASSES

	MOVQ CLASS(const_classSpecial), R10
	MOVQ MISSING, R11
	ORQ  R8, R10
	SHLXQ R11, R10, R10
	TESTQ R10, R10
	JZ   quiet

	// What every byte would stand for if it began a token of its type, in Z9: two hex digits,
	// which as many places on, by type; what a letter stands for; two bytes of UTF-8.
	VPTESTMB Z17, Z10, K1
	VPANDQ Z18, Z10, Z5
	VPADDB Z19, Z5, K1, Z5
	VPERMB Z5, Z11, Z8
	VPSLLW $4, Z5, Z6
	VPTERNLOGQ $0xea, Z8, Z23, Z6 // Z6 & Z23 | Z8
	VPANDQ Z18, Z9, Z1
	VBROADCASTI32X4 digits<>(SB), Z2
	VPSHUFB Z1, Z2, Z1
	VPADDB Z11, Z1, Z1
	VPSLLW $(7-const_typeShort), Z9, Z3
	VPMOVB2M Z3, K5
	VPSLLW $(7-const_typePercents), Z9, Z3
	VPMOVB2M Z3, K2
	VPERMB Z6, Z1, Z9
	VPERMB Z6, Z13, K2, Z9
	VBROADCASTI32X4 percent<>(SB), Z1
	VPCMPEQB Z1, Z9, K4
	VPERMB Z10, Z11, Z7 // the bytes behind
	VMOVDQU64 lookups_letters(AX), Z5
	VMOVDQA64 Z7, Z8
	VPERMI2B (lookups_letters+64)(AX), Z5, Z8
	VMOVDQU8 Z8, K5, Z9
	VBROADCASTI32X4 even<>(SB), Z0
	VBROADCASTI32X4 lead<>(SB), Z1
	VPANDQ Z0, Z10, Z0
	VPCMPEQB Z1, Z0, K6
	VPCMPGTB Z7, Z31, K6, K6 // as numbers with a sign, those that go on are the least
	VPSLLW $6, Z10, Z5
	VPTERNLOGQ $0xd8, Z24, Z7, Z5 // Z7 where Z24 has bits, Z5 where it has none
	VMOVDQU8 Z5, K6, Z9

	MOVQ CLASS(const_classAmp), DX
	TESTQ DX, DX
	JZ   valued

	// So with references. In Z3, Z4, Z5 and Z8: one digit, two, three, and two of hex.
	VPMINUB Z16, Z10, Z0
	VPERMB Z0, Z11, Z1
	VPERMB Z0, Z12, Z2
	VPERMB Z0, Z13, Z3
	VPERMB Z0, Z14, Z4
	VPERMB Z0, Z15, Z5
	AMP_ROLE(0, Z0)
	AMP_ROLE(1, Z1)
	AMP_ROLE(2, Z2)
	AMP_ROLE(3, Z3)
	AMP_ROLE(4, Z4)
	AMP_ROLE(5, Z5)
	VPTERNLOGQ $0x80, Z2, Z1, Z0
	VPTERNLOGQ $0x80, Z4, Z3, Z0
	VPANDQ Z5, Z0, Z0
	VPANDQ Z18, Z10, Z1
	VPSLLW $3, Z1, Z2
	VPADDB Z1, Z1, Z3
	VPADDB Z3, Z2, Z2
	VPERMB Z1, Z11, Z3
	VPADDB Z3, Z2, Z2
	VPERMB Z1, Z12, Z3
	VPERMB Z2, Z12, Z4
	VPERMB Z2, Z13, Z5
	VPERMB Z6, Z13, Z8
	VPXORQ Z2, Z2, Z2
	VPSUBB Z3, Z2, Z2
	VBROADCASTI32X4 hundred<>(SB), Z1
	VPANDQ Z1, Z2, Z2
	VPADDB Z2, Z5, Z5
	VPTESTMB Z0, Z0, K5
	VMOVDQU8 Z3, K5, Z9
	REFERENCE_IS(const_typeTwo, Z4)
	REFERENCE_IS(const_typeThree, Z5)
	REFERENCE_IS(const_typeHex, Z8)
	VBROADCASTI32X4 lookups_names(AX), Z2
	VPANDQ Z18, Z7, Z1
	VPSHUFB Z1, Z2, Z2
	REFERENCE_IS(const_typeAmp, Z2)
	REFERENCE_IS(const_typeLess, Z2)
	VBROADCASTI32X4 quote<>(SB), Z2
	REFERENCE_IS(const_typeQuot, Z2)
	VBROADCASTI32X4 amp<>(SB), Z2
	VPCMPEQB Z2, Z9, K5, K5
	KMOVQ K5, AMPS
	VBROADCASTI32X4 hash<>(SB), Z2
	VPCMPEQB Z2, Z10, K1
	KMOVQ K1, HASHES
	REVERSE_AND_TURN(Z0)
	VMOVDQU64 Z0, REFERENCES

valued:
	// What the values are, in Z1.
	MOVQ strange+48(FP), BX
	VMOVDQU64 (BX), Z2
	VMOVDQU64 128(BX), Z3
	VMOVDQA64 Z9, Z1
	VMOVDQA64 Z9, Z4
	VPMOVB2M Z9, K1
	VPERMI2B 64(BX), Z2, Z1
	VPERMI2B 192(BX), Z3, Z4
	VMOVDQU8 Z4, K1, Z1
	VBROADCASTI32X4 unfit<>(SB), Z2
	VPTESTMB Z2, Z1, K1

	// Tokens: R11 a backslash and a letter, R12 two digits, R15 \x, CX \u00, AX two bytes of
	// UTF-8, R10 longer ones; R13 backslashes, each but the last of a row. R14: where one may
	// begin.
	MOVQ MASK, R14
	ANDNQ R14, R8, R14
	MOVQ CLASS(const_classBackslash), R13
	MOVQ R13, DX
	SHRQ $1, DX
	ANDQ DX, R13
	ANDQ R14, R13
	MOVQ R13, BACKS
	MOVQ TYPE(const_typeShort), R11
	ANDQ R14, R11
	LEAQ (R11)(R11*1), DX
	ANDNQ R14, DX, R14
	MOVQ R14, STARTS
	MOVQ TYPE(const_typePercents), R10
	ANDQ R14, R10
	MOVQ TYPE(const_typeHexes), R12
	ANDQ R14, R12
	ANDNQ R12, R10, R12
	KMOVQ K3, DX
	MOVQ DX, R9
	SHRQ $1, R9
	ANDQ R9, DX
	KMOVQ K4, R9
	ANDQ R9, DX
	ANDQ R10, DX // those that go on once more
	XORQ DX, R10
	MOVQ R10, DONE
	LEAQ (R10)(R10*2), R9
	LEAQ (R9*4), R10
	ORQ  R9, R10
	ADDQ R10, R10
	MOVQ R10, OUT
	MOVQ DX, R10
	MOVQ TYPE(const_typeX), R15
	ANDQ R14, R15
	MOVQ TYPE(const_typeFour), CX
	ANDQ R14, CX
	MOVQ TYPE(const_typeU), DX
	ANDQ R14, DX
	ANDNQ DX, CX, DX
	ORQ  DX, R10
	MOVQ TYPE(const_typeDecimal), DX
	ORQ  TYPE(const_typeNumber), DX
	ANDQ R14, DX
	ORQ  DX, R10
	KMOVQ K6, AX
	ANDQ CLASS(const_classMember), AX
	ANDQ R14, AX

	MOVQ CLASS(const_classAmp), R9
	ANDQ R14, R9
	JZ   referred

	// References of three to six bytes: R13, BX, DX, R9. One that is an "&" itself, with what
	// goes on behind it, is a longer one.
	MOVQ AX, LATIN
	MOVQ REFERENCE(const_typeOpen), R13
	ANDQ R14, R13
	MOVQ REFERENCE(const_typeDigit), BX
	ORQ  REFERENCE(const_typeLess), BX
	ANDQ R14, BX
	MOVQ REFERENCE(const_typeTwo), DX
	ORQ  REFERENCE(const_typeAmp), DX
	ANDQ R14, DX
	MOVQ R9, AX
	MOVQ REFERENCE(const_typeThree), R9
	ORQ  REFERENCE(const_typeHex), R9
	ORQ  REFERENCE(const_typeQuot), R9
	ANDQ R14, R9
	MOVQ AX, STARTED
	MOVQ CLASS(const_classLetter), R14
	ORQ  HASHES, R14
	SHRQ $4, R14
	MOVQ AMPS, AX
	ANDQ R14, AX
	ANDNQ BX, AX, BX
	SHRQ $1, R14
	MOVQ AMPS, AX
	ANDQ R14, AX
	ANDNQ DX, AX, DX
	SHRQ $1, R14
	MOVQ AMPS, AX
	ANDQ R14, AX
	ANDNQ R9, AX, R9
	ORQ  R9, DX // of five or six
	ORQ  DX, BX // of four to six
	MOVQ BX, AX
	ORQ  R13, AX
	ORQ  AX, DONE
	ADDQ AX, AX
	MOVQ AX, R14
	ADDQ AX, AX
	ORQ  AX, R14
	SHLQ $3, BX
	ORQ  BX, R14
	SHLQ $4, DX
	ORQ  DX, R14
	SHLQ $5, R9
	ORQ  R9, R14
	ORQ  R14, OUT

	// Names: a sum carries each "&" with a letter behind it to what ends its letters.
	MOVQ CLASS(const_classLetter), R9
	MOVQ R9, R14
	SHRQ $1, R14
	ANDQ STARTED, R14
	LEAQ (R14)(R14*1), DX
	ADDQ R9, DX
	SBBQ BX, BX // all ones where the last has no end here,
	MOVQ R14, R13
	SHRQ $const_lastNamed, R13
	NEGQ R13
	SBBQ R13, R13
	ANDQ R13, BX // and may be a name
	ANDNQ DX, R9, DX
	POPCNTQ DX, R9
	SHLXQ R9, BX, BX
	MOVQ CLASS(const_classSemicolon), R9
	PEXTQ DX, R9, R9
	ORQ  BX, R9
	PDEPQ R14, R9, R9
	ORQ  R9, R10
	MOVQ DONE, DX
	ANDNQ R10, DX, R10
	MOVQ BACKS, R13
	MOVQ LATIN, AX

referred:
	MOVQ R10, LONG

	// All tokens, and whether Go is to finish the block.
	KMOVQ K1, DX
	MOVQ f+0(FP), BX
	MOVQ R11, (folder_block+block_short)(BX)
	MOVQ R12, (folder_block+block_hexes)(BX)
	MOVQ R15, (folder_block+block_x)(BX)
	MOVQ CX, (folder_block+block_four)(BX)
	MOVQ AX, (folder_block+block_latin)(BX)
	ORQ  R12, R11
	ORQ  R15, AX
	ORQ  CX, R11
	ORQ  AX, R11
	ORQ  DONE, R11
	KMOVQ R11, K1
	VPBLENDMB Z9, Z10, K1, Z9
	ANDQ R11, DX
	MOVQ DX, UNFIT
	ORQ  MISSING, R10
	MOVQ folder_p(BX), BX
	MOVQ MASK, R14
	TESTQ R10, R10
	JNZ  block

	// DX: what is taken out; R10: what of it is of the next block.
	LEAQ (R11)(R11*1), DX
	ORQ  R13, DX
	ORQ  OUT, DX
	ORQ  R8, DX
	ADDQ CX, R15 // no bit is in both
	LEAQ (R15*8), AX
	ORQ  AX, DX
	ORQ  R12, R15
	LEAQ (R15*4), AX
	ORQ  AX, DX
	SHLQ $4, CX
	ORQ  CX, DX
	ADDQ CX, CX
	ORQ  CX, DX
	MOVQ DX, R10
	SHRQ $const_decided, R10

	// R12: zeros, but the second of two, which is as what is of no form; CX: borders.
	MOVQ CLASS(const_classLine), R12
	ANDNQ CLASS(const_classJoint), R12, R12
	LEAQ (R12)(R12*1), CX
	ANDQ R12, CX
	TESTQ $1, R12
	JZ   paired
	MOVQ f+0(FP), AX
	MOVQ folder_u(AX), AX
	CMPQ SI, unescaper_b(AX)
	JEQ  paired
	CMPB -1(SI), $0
	JNE  paired
	ORQ  $1, CX

paired:
	ANDNQ R12, CX, R12
	ANDQ R14, R12
	MOVQ CLASS(const_classMember), AX
	NOTQ AX
	ORQ  AX, CX
	ANDNQ CX, DX, CX
	ANDQ R14, CX

	XORQ AX, AX
	MOVQ AX, VALUE(const_valueLF)
	MOVQ AX, VALUE(const_valueCR)
	CMPQ AX, UNFIT
	JNE  strange

known:
	// R13: what makes a part not what it was; R14: what is kept.
	ORQ  R11, R13
	ORQ  R12, R13
	ANDNQ R13, CX, R13
	ORQ  R12, DX
	ORQ  CX, DX
	ANDNQ R14, DX, R14
	MOVQ $const_decided, R9
	MOVQ $0, LAST
	MOVQ MASK, AX
	LEAQ 1(AX)(AX*1), AX // and what may end a soft line
	ANDQ CLASS(const_classLine), AX
	MOVLQZX writer_last(BX), R11
	ORQ  R11, AX
	ORQ  VALUE(const_valueLF), AX
	ORQ  VALUE(const_valueCR), AX
	JNZ  lines

joined:
	TESTQ CX, CX
	JNZ  parts
	TESTQ R13, R13
	SETNE AL
	ORB  AX, writer_escaped(BX)

pack:
	MOVQ LAST, AX
	MOVL AX, writer_last(BX)
	KMOVQ R14, K1
	VPCOMPRESSB.Z Z9, K1, Z9
	VMOVDQU64 Z9, (DI)
	POPCNTQ R14, R14
	ADDQ R14, DI
	MOVQ R10, R8
	ADDQ R9, SI
	CMPQ SI, LIMIT
	JLE  next
	JMP  last

quiet:
	MOVQ f+0(FP), BX
	MOVQ folder_p(BX), BX
	MOVQ CLASS(const_classMember), R14
	MOVQ R14, CX
	NOTQ CX
	TESTQ R11, R11
	JNZ  missing
	MOVL $0, writer_last(BX)
	TESTQ CX, CX
	JNZ  broken
	VMOVDQU64 Z10, (DI)
	ADDQ $64, DI
	ADDQ $64, SI
	CMPQ SI, LIMIT
	JLE  next

last:
	MOVQ f+0(FP), BX
	MOVQ R8, folder_over(BX)
	MOVQ $const_aheadLast, AX
	JMP  out

missing:
	MOVQ f+0(FP), BX
	MOVQ CX, (folder_block+block_others)(BX)
	MOVQ $const_aheadQuiet, AX
	JMP  out

broken:
	MOVQ $0, LAST
	VMOVDQA64 Z10, Z9
	XORQ R10, R10
	XORQ R13, R13
	MOVQ $64, R9

	JMP  parts

	// Values that are joints, or are of no form.
strange:
	VMOVDQA64 Z1, Z0
	REVERSE_AND_TURN(Z0)
	VPBROADCASTQ R11, Z2
	VPANDQ Z2, Z0, Z0
	VMOVDQU64 Z0, VALUES
	ORQ  VALUE(const_valueZero), R12
	ORQ  VALUE(const_valueBorder), CX
	JMP  known

	// AX: LF, R11: CR, R15: both. Behind what is kept an end of a line is nothing; a sum
	// carries each to what is next, and where that is another, it is a border (writer.blank).
lines:
	MOVQ f+0(FP), R15
	CMPB folder_lined(R15), $0
	JNE  block
	VBROADCASTI32X4 lf<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, AX
	VBROADCASTI32X4 cr<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R11
	VBROADCASTI32X4 equal<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R15
	ANDQ CLASS(const_classSpecial), R15
	ANDQ STARTS, R15
	MOVQ AX, R12
	ORQ  R11, R12
	SHRQ $1, R12
	ANDQ R12, R15 // soft ends of lines
	BTQ  $(const_decided-1), R15
	JCS  block
	ANDNQ R14, R15, R14
	ANDQ MASK, AX
	ANDQ MASK, R11
	ORQ  VALUE(const_valueLF), AX
	ORQ  VALUE(const_valueCR), R11
	MOVQ AX, R15
	ORQ  R11, R15
	ANDNQ R14, R15, R14
	ORQ  R15, R13
	MOVQ R14, R12
	ORQ  R15, R12
	ORQ  CX, R12
	NOTQ R12
	MOVQ R12, NOTHING
	MOVLQZX writer_last(BX), DX
	XORL R12, R12
	CMPQ DX, $13
	SETEQ R12
	LEAQ (R12)(R11*2), R12
	ADDQ NOTHING, R12
	ANDQ AX, R12 // the LF of CR LF
	NEGQ DX
	MOVQ R15, DX
	ADCQ DX, DX
	ADDQ NOTHING, DX
	ANDQ R15, DX
	ANDNQ DX, R12, DX
	ORQ  DX, CX
	MOVLQZX writer_last(BX), DX
	MOVQ NOTHING, R12
	NOTQ R12
	BSRQ R12, R12
	JEQ  kept
	BTQ  R12, AX
	SBBQ AX, AX
	ANDQ $10, AX
	BTQ  R12, R11
	SBBQ DX, DX
	ANDQ $13, DX
	ORQ  AX, DX

kept:
	MOVQ DX, LAST
	JMP  joined

	// The first border, AX, ends a part that began before, and behind the last one, R15, one
	// begins. Of those between, R8 are what stays: parts that are long enough and not as they
	// stand in the parent, each with a border.
parts:
	MOVQ R9, STEP
	BLSIQ CX, AX
	LZCNTQ CX, R11
	MOVQ $1<<63, R15
	SHRXQ R11, R15, R15
	XORQ R8, R8
	MOVQ R8, ENDS
	CMPQ AX, R15
	JEQ  ends
	LEAQ -1(AX)(AX*1), R11
	LEAQ -1(R15), R12
	ANDNQ R12, R11, R12
	TESTQ R12, R13
	JZ   ends
	ANDNQ R12, CX, R12
	MOVQ R12, R11
	MOVQ f+0(FP), CX
	MOVQ folder_c(CX), CX
	FOLLOWED(0)
	FOLLOWED(1)
	FOLLOWED(2)
	FOLLOWED(3)
	FOLLOWED(4)
	FOLLOWED(5)
	TESTQ R11, R11
	JZ   ends

part:
	BLSIQ R11, DX
	LEAQ -1(DX), CX
	ANDNQ R12, CX, CX
	ADDQ DX, CX // carries to the border behind it
	BLSIQ CX, CX
	NEGQ DX
	ADDQ CX, DX
	ANDNQ R11, DX, R11
	TESTQ DX, R13
	JZ   dropped
	MOVQ DX, R9
	ANDQ R14, R9
	POPCNTQ R9, R9
	CMPQ R9, writer_shortest(BX)
	JLT  dropped
	ORQ  DX, R8
	ORQ  CX, R8
	ORQ  CX, ENDS

dropped:
	TESTQ R11, R11
	JNZ  part

ends:
	LEAQ -1(R15)(R15*1), R11
	ANDNQ R14, R11, R15 // what is kept behind
	ANDNQ R13, R11, R12
	MOVQ R14, R9
	ORQ  ENDS, R9
	ANDQ R9, R8
	DECQ AX
	ANDQ AX, R14 // and in front
	ANDQ AX, R13
	INCQ AX
	MOVQ writer_buf(BX), CX
	ADDQ writer_first(BX), CX // where the part begins
	MOVBQZX writer_escaped(BX), DX
	ORQ  DX, R13
	TESTQ R12, R12
	SETNE writer_escaped(BX)
	TESTQ R13, R13
	JZ   drop
	POPCNTQ R14, R11
	ADDQ DI, R11
	SUBQ CX, R11
	CMPQ R11, writer_shortest(BX)
	JLT  drop
	ORQ  AX, R14
	ORQ  AX, ENDS

ended:
	ORQ  R8, R14
	POPCNTQ R14, R11
	ADDQ DI, R11
	SUBQ writer_buf(BX), R11
	MOVQ R11, writer_first(BX)
	MOVQ writer_v(BX), DX
	MOVBQZX view_end(DX), DX
	VPBROADCASTB DX, Z0
	KMOVQ ENDS, K1
	VMOVDQU8 Z0, K1, Z9
	ORQ  R15, R14
	MOVQ STEP, R9
	JMP  pack

drop:
	MOVQ DI, R11
	SUBQ writer_buf(BX), R11
	ADDQ $const_slack, R11
	CMPQ R11, (writer_buf+16)(BX)
	CMOVQGT (writer_buf+16)(BX), R11
	MOVQ writer_v(BX), DX
	CMPQ R11, view_used(DX)
	CMOVQLT view_used(DX), R11
	MOVQ R11, view_used(DX)
	MOVQ CX, DI
	XORQ R14, R14
	JMP  ended

block:
	MOVQ f+0(FP), BX
	VMOVDQU64 Z9, folder_b(BX)
	LEAQ folder_block(BX), DX
	REVERSE_AND_TURN(Z1)
	MOVQ block_short(DX), R11
	ORQ  block_hexes(DX), R11
	ORQ  block_x(DX), R11
	ORQ  block_four(DX), R11
	ORQ  block_latin(DX), R11
	MOVQ DONE, AX
	MOVQ AX, block_done(DX)
	ORQ  AX, R11
	VPBROADCASTQ R11, Z2
	VPANDQ Z2, Z1, Z1
	VMOVDQU64 Z1, block_values(DX)
	MOVQ LONG, AX
	MOVQ AX, block_long(DX)
	MOVQ BACKS, R13
	MOVQ R13, block_backs(DX)
	ORQ  R8, R13
	ORQ  OUT, R13
	MOVQ R13, block_gone(DX)

	// Joints: the second of two zeros is none.
	VBROADCASTI32X4 lf<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R11
	MOVQ R11, block_lf(DX)
	VBROADCASTI32X4 cr<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R12
	MOVQ R12, block_cr(DX)
	ORQ  R12, R11
	VBROADCASTI32X4 equal<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R12
	ANDQ CLASS(const_classSpecial), R12
	ANDQ STARTS, R12
	MOVQ R11, R10
	SHRQ $1, R10
	ANDQ R10, R12
	MOVQ R12, block_soft(DX)
	MOVQ CLASS(const_classJoint), R12
	ANDNQ R12, R11, R12
	MOVQ R12, block_zero(DX)
	MOVQ CLASS(const_classMember), CX
	NOTQ CX
	LEAQ (R12)(R12*1), R10
	ANDQ R12, R10
	ORQ  R10, CX
	TESTQ $1, R12
	JZ   unpaired
	MOVQ folder_u(BX), R10
	CMPQ SI, unescaper_b(R10)
	JEQ  unpaired
	CMPB -1(SI), $0
	JNE  unpaired
	ORQ  $1, CX

unpaired:
	MOVQ CX, block_others(DX)
	MOVQ $const_aheadBlock, AX

out:
	MOVQ AX, what+72(FP)
	SUBQ raw+8(FP), SI
	MOVQ SI, done+56(FP)
	SUBQ out+16(FP), DI
	MOVQ DI, written+64(FP)
	VZEROUPPER
	RET
