/** What is sent, what comes back, and what it shows. CAS uniques and times of use are written as `#`. */
export type Conversation = readonly [about: string, sent: string, answered: string]

const LARGE = 1_048_516
const LONG_KEY = 'k'.repeat(250)

export const TEXT_CONVERSATIONS: readonly Conversation[] = [
  [
    'set stores, get reads',
    'set a 5 0 2\r\nhi\r\nget a\r\n',
    'STORED\r\nVALUE a 5 2\r\nhi\r\nEND\r\n',
  ],
  [
    'gets gives CAS uniques, misses are left out, repeated keys are repeated',
    'set a 0 0 0\r\n\r\ngets a b a\r\n',
    'STORED\r\nVALUE a 0 0 #\r\n\r\nVALUE a 0 0 #\r\n\r\nEND\r\n',
  ],
  [
    'add stores only what is not there, replace only what is',
    'add a 0 0 1\r\n1\r\nadd a 0 0 1\r\n2\r\nreplace a 0 0 1\r\n3\r\nreplace b 0 0 1\r\n4\r\nget a b\r\n',
    'STORED\r\nNOT_STORED\r\nSTORED\r\nNOT_STORED\r\nVALUE a 0 1\r\n3\r\nEND\r\n',
  ],
  [
    'append and prepend keep the flags',
    'set a 7 0 1\r\n2\r\nappend a 1 0 1\r\n3\r\nprepend a 1 0 1\r\n1\r\nappend b 0 0 1\r\nx\r\nget a\r\n',
    'STORED\r\nSTORED\r\nSTORED\r\nNOT_STORED\r\nVALUE a 7 3\r\n123\r\nEND\r\n',
  ],
  [
    'cas fails on another number, on 0 and on a missing item',
    'set a 0 0 1\r\n1\r\ncas a 0 0 1 99999999\r\n2\r\ncas a 0 0 1 0\r\n3\r\ncas b 0 0 1 1\r\n4\r\nget a\r\n',
    'STORED\r\nEXISTS\r\nEXISTS\r\nNOT_FOUND\r\nVALUE a 0 1\r\n1\r\nEND\r\n',
  ],
  ['delete', 'set a 0 0 1\r\n1\r\ndelete a\r\ndelete a\r\n', 'STORED\r\nDELETED\r\nNOT_FOUND\r\n'],
  [
    'incr and decr',
    'set n 0 0 2\r\n10\r\nincr n 5\r\ndecr n 3\r\ndecr n 100\r\nincr m 1\r\n',
    'STORED\r\n15\r\n12\r\n0\r\nNOT_FOUND\r\n',
  ],
  [
    'incr wraps at 64 bits',
    'set n 0 0 20\r\n18446744073709551614\r\nincr n 1\r\nset m 0 0 1\r\n5\r\nincr m 18446744073709551615\r\n',
    'STORED\r\n18446744073709551615\r\nSTORED\r\n4\r\n',
  ],
  [
    'a shorter counter is filled up with spaces, a longer one is not',
    'set n 3 0 3\r\n100\r\ndecr n 1\r\nget n\r\nincr n 901\r\nincr n 1\r\nget n\r\n',
    'STORED\r\n99\r\nVALUE n 3 3\r\n99 \r\nEND\r\n1000\r\n1001\r\nVALUE n 3 4\r\n1001\r\nEND\r\n',
  ],
  [
    'a counter is written anew while its old value is on its way out',
    'set n 0 0 3\r\n100\r\nmg n v\r\ndecr n 1\r\nget n\r\n',
    'STORED\r\nVA 3\r\n100\r\n99\r\nVALUE n 0 2\r\n99\r\nEND\r\n',
  ],
  [
    'what is no number cannot be counted with',
    'set a 0 0 2\r\n1x\r\nincr a 1\r\nset a 0 0 0\r\n\r\nincr a 1\r\nset a 0 0 4\r\n 12 \r\nincr a 1\r\n',
    'STORED\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\n' +
      'STORED\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\nSTORED\r\n13\r\n',
  ],
  [
    'touch',
    'set a 0 0 1\r\n1\r\ntouch a 100\r\ntouch b 100\r\n',
    'STORED\r\nTOUCHED\r\nNOT_FOUND\r\n',
  ],
  [
    'gat and gats read and touch',
    'set a 0 0 1\r\n1\r\ngat 100 a b\r\ngats -1 a\r\nget a\r\n',
    'STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\nVALUE a 0 1 #\r\n1\r\nEND\r\nEND\r\n',
  ],
  [
    'flush_all takes what was stored before it, and not what is stored after',
    'set a 0 0 1\r\n1\r\nflush_all\r\nset b 0 0 1\r\n2\r\nget a b\r\nflush_all x\r\n',
    'STORED\r\nOK\r\nSTORED\r\nVALUE b 0 1\r\n2\r\nEND\r\nCLIENT_ERROR invalid exptime argument\r\n',
  ],
  [
    'noreply silences well-formed commands',
    'set a 0 0 1 noreply\r\n1\r\nadd a 0 0 1 noreply\r\n2\r\nincr a 1 noreply\r\ntouch a 0 noreply\r\n' +
      'verbosity 0 noreply\r\nget a\r\ndelete a noreply\r\nflush_all noreply\r\nmn\r\n',
    'VALUE a 0 1\r\n2\r\nEND\r\nMN\r\n',
  ],
  ['noreply does not silence an unknown command', 'nothing noreply\r\n', 'ERROR\r\n'],
  [
    'a bad storage line leaves its payload to be read as a command',
    `set ${LONG_KEY}k 0 0 9\r\nflush_all\r\nset a 0 0\r\nversion\r\nset a 0 0 x\r\nmn\r\n`,
    'CLIENT_ERROR bad command line format\r\nOK\r\nERROR\r\nVERSION 1.6.18\r\n' +
      'CLIENT_ERROR bad command line format\r\nMN\r\n',
  ],
  [
    'a payload longer than declared is refused, and keeps the old value',
    'set a 0 0 1\r\n1\r\nset a 0 0 3\r\nabcdef\r\nget a\r\n',
    'STORED\r\nCLIENT_ERROR bad data chunk\r\nERROR\r\nVALUE a 0 1\r\n1\r\nEND\r\n',
  ],
  [
    'the largest item fits, one byte more does not and takes the old value with it',
    `set k 0 0 ${LARGE}\r\n${'v'.repeat(LARGE)}\r\nset k 0 0 ${LARGE + 1}\r\n${'v'.repeat(LARGE + 1)}\r\nget k\r\n`,
    'STORED\r\nSERVER_ERROR object too large for cache\r\nEND\r\n',
  ],
  [
    'the key and the flags count towards the largest item',
    `set ${LONG_KEY} 0 0 1048267\r\n${'v'.repeat(1_048_267)}\r\nset ${LONG_KEY} 1 0 1048267\r\n${'v'.repeat(1_048_267)}\r\n`,
    'STORED\r\nSERVER_ERROR object too large for cache\r\n',
  ],
  [
    'add and append of too large a value keep the old one',
    `set k 0 0 1\r\n1\r\nadd k 0 0 ${LARGE + 1}\r\n${'v'.repeat(LARGE + 1)}\r\nappend k 0 0 ${LARGE}\r\n${'v'.repeat(LARGE)}\r\nget k\r\n`,
    'STORED\r\nSERVER_ERROR object too large for cache\r\nNOT_STORED\r\nVALUE k 0 1\r\n1\r\nEND\r\n',
  ],
  [
    'a key of 251 bytes fails the whole get, and loses the replies before it',
    `mn\r\nset a 0 0 1\r\n1\r\nget a ${LONG_KEY}k\r\nget a\r\n`,
    'MN\r\nCLIENT_ERROR bad command line format\r\nVALUE a 0 1\r\n1\r\nEND\r\n',
  ],
  [
    'a past exptime expires at once, 32 bits wrap',
    'set a 0 -1 1\r\n1\r\nset b 0 2147483648 1\r\n1\r\nset c 0 4294967296 1\r\n1\r\nset d 0 2592001 1\r\n1\r\nget a b c d\r\n',
    'STORED\r\nSTORED\r\nSTORED\r\nSTORED\r\nVALUE c 0 1\r\n1\r\nEND\r\n',
  ],
  ['version and verbosity', 'version\r\nverbosity 1\r\n', 'VERSION 1.6.18\r\nOK\r\n'],
  [
    'cache_memlimit is checked',
    'cache_memlimit 64\r\ncache_memlimit 7\r\ncache_memlimit x\r\ncache_memlimit 4000000000\r\n',
    'OK\r\nMEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\nERROR\r\n' +
      'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n',
  ],
  ['shutdown is not enabled', 'shutdown\r\n', 'ERROR: shutdown not enabled\r\n'],
  ['the command of ElastiCache is unknown', 'config get cluster\r\n', 'ERROR\r\n'],
  [
    'quit closes after the replies before it',
    'mn\r\nversion\r\nquit\r\nversion\r\n',
    'MN\r\nVERSION 1.6.18\r\n',
  ],
  [
    'a web request closes, and loses the replies before it',
    'mn\r\nversion\r\nGET / HTTP/1.1\r\n',
    'MN\r\n',
  ],
  [
    'dumps do not go with other commands in front',
    'version\r\nlru_crawler metadump all\r\nversion\r\nwatch\r\n',
    'VERSION 1.6.18\r\nERROR cannot pipeline other commands before metadump\r\n' +
      'VERSION 1.6.18\r\nERROR cannot pipeline other commands before watch\r\n',
  ],
  [
    'stats detail counts by prefix',
    'stats detail on\r\nset p:a 0 0 1\r\n1\r\nget p:a p:b a\r\ndelete p:b\r\nstats detail dump\r\nstats detail off\r\nstats reset\r\n',
    'OK\r\nSTORED\r\nVALUE p:a 0 1\r\n1\r\nEND\r\nNOT_FOUND\r\nPREFIX p get 2 hit 1 set 1 del 1\r\nEND\r\nOK\r\nRESET\r\n',
  ],
]

export const META_CONVERSATIONS: readonly Conversation[] = [
  [
    'mg answers its flags in the order asked, and a miss its key and opaque',
    'set a 5 0 2\r\nhi\r\nmg a k v f t s c Oxy\r\nmg a\r\nmg b v k s Oxy\r\nmg b v q\r\n',
    'STORED\r\nVA 2 ka f5 t-1 s2 c# Oxy\r\nhi\r\nHD\r\nEN kb Oxy\r\n',
  ],
  [
    'mg tells whether the item was hit before, unless that read was not to count',
    'set a 0 0 1\r\n1\r\nmg a h u\r\nmg a h\r\nmg a h\r\n',
    'STORED\r\nHD h0\r\nHD h0\r\nHD h1\r\n',
  ],
  [
    'mg touches from left to right',
    'set a 0 0 1\r\n1\r\nmg a t T100\r\nmg a T0 t\r\n',
    'STORED\r\nHD t-1\r\nHD t-1\r\n',
  ],
  [
    'ms stores, with flags and its own answers',
    'ms a 2 F7 T100 k Oxy c\r\nhi\r\nms a 2 q\r\nho\r\nmg a v f k\r\n',
    'HD ka Oxy c#\r\nVA 2 f0 ka\r\nho\r\n',
  ],
  [
    'ms has modes',
    'ms a 1 MR\r\n1\r\nms a 1 ME\r\n2\r\nms a 1 ME q\r\n3\r\nms a 1 MA\r\n4\r\nms a 1 MP\r\n5\r\nms a 1 MS\r\n6\r\nms b 1 MA\r\n7\r\nmg a v\r\n',
    'NS\r\nHD\r\nNS\r\nHD\r\nHD\r\nHD\r\nNS\r\nVA 1\r\n6\r\n',
  ],
  [
    'ms compares CAS uniques, of which 0 never matches',
    'ms a 1 C5\r\n1\r\nms a 1\r\n1\r\nms a 1 C99999999 c\r\n2\r\nms a 1 C0\r\n3\r\nms a 1 C99999999 MA\r\n3\r\nmg a v\r\n',
    'NF\r\nHD\r\nEX c0\r\nEX\r\nEX\r\nVA 1\r\n1\r\n',
  ],
  [
    'ms swallows the payload after bad flags, and reads it as a command after a bad length',
    'ms a 7 !\r\nversion\r\nms a 7 v v\r\nversion\r\nms a 2 Mx\r\nhi\r\nms a x\r\nmn\r\nms a\r\nmn\r\n',
    'CLIENT_ERROR invalid flag\r\nCLIENT_ERROR duplicate flag\r\nCLIENT_ERROR invalid mode for ms M token\r\n' +
      'CLIENT_ERROR bad command line format\r\nMN\r\nCLIENT_ERROR bad command line format\r\nMN\r\n',
  ],
  [
    'ms that is too large deletes the old value in every mode',
    `ms a 1\r\n1\r\nms a ${LARGE + 1} ME\r\n${'v'.repeat(LARGE + 1)}\r\nmg a\r\n`,
    'HD\r\nSERVER_ERROR object too large for cache\r\nEN\r\n',
  ],
  ['ms with a bad data chunk', 'ms a 2 q\r\nabcd\r\n', 'CLIENT_ERROR bad data chunk\r\nERROR\r\n'],
  [
    'base64 keys are decoded to store, and encoded to answer',
    'ms YWJj 1 b k\r\n1\r\nmg abc k\r\nmg YWJj b k v\r\nmg YWI= b k\r\nmg a b\r\nmd YWJj b k q\r\nmd YWJj b k q\r\n',
    'HD kYWJj b\r\nHD kYWJj b\r\nVA 1 kYWJj b\r\n1\r\nEN kYWI= b\r\nCLIENT_ERROR error decoding key\r\nNF kYWJj b\r\n',
  ],
  [
    'md deletes, quietly if asked, and only a matching item',
    'ms a 1\r\n1\r\nmd a C99999999 q Ox\r\nmd a k Ox\r\nmd a k Ox q\r\nms a 1\r\n1\r\nmd a q\r\nmg a\r\n',
    'HD\r\nEX Ox\r\nHD ka Ox\r\nNF ka Ox\r\nHD\r\nEN\r\n',
  ],
  [
    'ma counts',
    'ma n\r\nma n N0 J5 v\r\nma n v\r\nma n D10 v t c k Ox\r\nma n MD D3 v\r\nma n M- D100 v\r\nma n M+ q\r\nma n M+ q v\r\nma n v\r\n',
    'NF\r\nVA 1\r\n5\r\nVA 1\r\n6\r\nVA 2 t-1 c# kn Ox\r\n16\r\nVA 2\r\n13\r\nVA 1\r\n0\r\nVA 1\r\n3\r\n',
  ],
  ['ma answers a creation even in quiet mode', 'ma n N0 q\r\nma n q\r\nma m q\r\n', 'HD\r\nNF\r\n'],
  [
    'ma refuses',
    'ma a Mx\r\nma a Mxx\r\nma a Dx\r\nma a v v\r\nms a 1\r\nx\r\nma a\r\nms n 1\r\n1\r\nma n C99999999\r\nma n C0\r\n',
    'CLIENT_ERROR invalid mode for ma M token\r\nCLIENT_ERROR invalid or duplicate flag\r\n' +
      'CLIENT_ERROR invalid or duplicate flag\r\nCLIENT_ERROR invalid or duplicate flag\r\nHD\r\n' +
      'CLIENT_ERROR cannot increment or decrement non-numeric value\r\nHD\r\nEX\r\nHD\r\n',
  ],
  [
    'a miss with N is won by the first caller, the others see the empty item',
    'mg a N100 v\r\nmg a N100 v\r\nadd a 0 0 1\r\n1\r\nms a 1\r\n1\r\nmg a v\r\n',
    'VA 0 W\r\n\r\nVA 0 Z\r\n\r\nNOT_STORED\r\nHD\r\nVA 1\r\n1\r\n',
  ],
  [
    'an invalidated item is served stale, and won once',
    'ms a 3\r\nold\r\nmd a I T100\r\nmg a v\r\nmg a v\r\nget a\r\nms a 3\r\nnew\r\nmg a v\r\n',
    'HD\r\nHD\r\nVA 3 X W\r\nold\r\nVA 3 Z X\r\nold\r\nVALUE a 0 3\r\nold\r\nEND\r\nHD\r\nVA 3\r\nnew\r\n',
  ],
  [
    'an item about to expire is won once with R',
    'ms a 1 T100\r\n1\r\nmg a R30\r\nmg a R1000\r\nmg a R1000\r\nms b 1\r\n1\r\nmg b R1000\r\n',
    'HD\r\nHD\r\nHD W\r\nHD Z\r\nHD\r\nHD\r\n',
  ],
  [
    'a late writer with a lower CAS unique and I stores a stale value',
    'ms a 3\r\nold\r\nms a 3 C1 I\r\nnew\r\nmg a v\r\nmg a v\r\nms a 3 C1\r\nnot\r\n',
    'HD\r\nHD\r\nVA 3 X W\r\nnew\r\nVA 3 Z X\r\nnew\r\nEX\r\n',
  ],
  [
    'the opaque has at most 31 bytes behind its letter',
    `mg a O${'o'.repeat(31)}\r\nmg a O${'o'.repeat(32)}\r\nmg a O\r\n`,
    `EN O${'o'.repeat(31)}\r\nCLIENT_ERROR opaque token too long\r\nEN O\r\n`,
  ],
  [
    'me shows an item',
    'set a 5 0 2\r\nhi\r\nme a\r\nget a\r\nme a\r\nme b\r\nme\r\n',
    'STORED\r\nME a exp=-1 la=# cas=# fetch=no cls=1 size=66\r\nVALUE a 5 2\r\nhi\r\nEND\r\n' +
      'ME a exp=-1 la=# cas=# fetch=yes cls=1 size=66\r\nEN\r\nCLIENT_ERROR bad command line format\r\n',
  ],
  ['mn', 'mn\r\nmn with words\r\n', 'MN\r\nMN\r\n'],
]
