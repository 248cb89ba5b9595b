import { wireValues, ByteBuffer } from 'dataferry/sql'
const cols = [['id','integer','integer'],['customer_id','integer','integer'],['reference','string','varchar'],['status','string','varchar'],['total','decimal','decimal'],['express','boolean','boolean'],['ordered_at','datetime','datetime'],['address','text','text'],['remark','text','text']].map(([as,type,dbType]) => ({ as, type, dbType, hidden: false })) as any
const enc = wireValues.encoder(cols, { kind: 'json' }); const out = new ByteBuffer(300000)
for (const big of [true, false]) {
const I = (n: number) => big ? BigInt(n) : n
const rows = Array.from({ length: 1000 }, (_, k) => { const i = k + 1; return [I(i), I(i % 10000 + 1), `ORD-${1000000+i}-${i%97}`, 'paid', big ? (i*7919%500000+100)/100 : ((i*7919%500000+100)/100).toFixed(2), big ? BigInt(i%6===0?1:0) : (i%6===0?1:0), `2025-03-04 07:${10+i%50}:07`, `${i%200+1} Long "Market" Street, 1${1000+i%9000} Köln`, i%3===0?'Leave it with the neighbours at number '+(i%90):null] })
const f = () => { out.clear(); for (const r of rows) { out.byte(123); enc(r as any, out); out.byte(125) } return out.length }
for (let i = 0; i < 300; i++) f(); const ts: number[] = []; for (let i = 0; i < 200; i++) { const t = performance.now(); f(); ts.push(performance.now() - t) } ts.sort((x, y) => x - y); console.log(big, 'min', (ts[0]! * 1000).toFixed(0), 'p25', (ts[50]! * 1000).toFixed(0), f())
}
