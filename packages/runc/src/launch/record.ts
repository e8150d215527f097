/**
 * What launched processes write to the report fd.
 *
 * A record on the report fd, little endian, at most 4096 bytes, so that a pipe keeps it whole:
 *
 * | offset | size | what |
 * |---|---|---|
 * | 0 | 4 | size of the record |
 * | 4 | 4 | kind; bit 31: more data of this tag follows |
 * | 8 | 4 | identity of the launch (slot 1) |
 * | 12 | 4 | tag; of a failure the operation's index |
 * | 16 | 8 | value; of a failure the errno |
 * | 24 | … | data |
 *
 * @module
 */

/** Size of a record without its data. Bytes. */
export const RECORD_HEADER = 24;

/** Most data in one record. Bytes. */
export const RECORD_DATA: number = 4096 - RECORD_HEADER;

/** Record kind of time stamps. */
export const TRACE_RECORD = 6;

/** Operation index of a failure to load the first image. */
export const LOAD_FAILURE = 0xffff_ffff;
