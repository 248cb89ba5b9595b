/** The example's own run of the conformance suite, as docs/connectors.md shows it. */
import '../../docs/examples/json-file/conformance.ts'
