// What the parts of aheadVBMI share. They are one function, cut where it goes on to
// something else: which bytes may be what (look), what they would stand for (values), which
// of them are tokens (tokens), what joins and ends parts (parts), and what is left to Go.
//
// All of it: SI is the block, DI where what is kept goes, R8 what of the block is of a token
// before it; Z10 has the bytes of the block, Z9 their values, Z1 what is strange about those.

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
#define PLACE 392(SP) // where the next place goes
#define PARENT 400(SP) // the text

// What R14 has of the block is kept.
#define PLACED \
	MOVQ PLACE, R11; \
	MOVQ SI, R12; \
	SUBQ PARENT, R12; \
	MOVL R12, place_in(R11); \
	MOVQ DI, R12; \
	SUBQ writer_buf(BX), R12; \
	MOVL R12, place_out(R11); \
	MOVQ R14, place_keep(R11); \
	ADDQ $place__size, R11; \
	MOVQ R11, PLACE

// The block's bytes in Z0, and in Z1 to Z5 those that are so many places behind each. What
// is above ASCII is as DEL.
#define PLACES \
	VPMINUB Z16, Z10, Z0; \
	VPERMB Z0, Z11, Z1; \
	VPERMB Z0, Z12, Z2; \
	VPERMB Z0, Z13, Z3; \
	VPERMB Z0, Z14, Z4; \
	VPERMB Z0, Z15, Z5

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
