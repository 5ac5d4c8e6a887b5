#include "go_asm.h"
#include "textflag.h"
#include "lanes_amd64.h"
#include "look_amd64.h"
#include "ahead_amd64.h"

// What decide, finish and the writer do, in one loop over blocks, for processors that look
// up 64 bytes at once. A block with a token that the 64 do not tell, or of less than 64
// bytes, is left to Go, with what decide says of it.

// func aheadVBMI(f *folder, raw, out *byte, last, room int, look *lookups, strange *[256]byte, places *place) (done, written, placed, what int)
TEXT ·aheadVBMI(SB), NOSPLIT, $408-96
	MOVQ raw+8(FP), SI
	MOVQ out+16(FP), DI
	MOVQ last+24(FP), AX
	ADDQ SI, AX
	MOVQ AX, LIMIT
	MOVQ places+56(FP), AX
	MOVQ AX, PLACE
	MOVQ f+0(FP), BX
	MOVQ folder_u(BX), AX
	MOVQ unescaper_b(AX), AX
	MOVQ AX, PARENT
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
#include "ahead_look_amd64.h"

	MOVQ CLASS(const_classSpecial), R10
	MOVQ MISSING, R11
	ORQ  R8, R10
	SHLXQ R11, R10, R10
	TESTQ R10, R10
	JZ   quiet

#include "ahead_values_amd64.h"
#include "ahead_tokens_amd64.h"

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
	CMPQ SI, PARENT
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
	PLACED
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
	MOVQ $-1, R14
	PLACED
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

#include "ahead_parts_amd64.h"

block:
#include "ahead_left_amd64.h"

out:
	MOVQ AX, what+88(FP)
	SUBQ raw+8(FP), SI
	MOVQ SI, done+64(FP)
	SUBQ out+16(FP), DI
	MOVQ DI, written+72(FP)
	MOVQ PLACE, AX
	SUBQ places+56(FP), AX
	SHRQ $4, AX // place__size
	MOVQ AX, placed+80(FP)
	VZEROUPPER
	RET
