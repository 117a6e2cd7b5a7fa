"""A page of its own for a graph: drag to move, wheel to zoom, click a node for what it is and what it keeps."""

import json
from html import escape

from wengert.viz._graph import bytes_text, shape_text
from wengert.viz._svg import drawing, style

_CSS = """
:root{--ground:#f6f8fa;--panel:#fff;--ink:#1f2328;--muted:#66707b;--line:#d8dee4;--mark:#d9480f}
@media (prefers-color-scheme:dark){
:root{--ground:#0d1117;--panel:#161b22;--ink:#e6edf3;--muted:#98a2ad;--line:#30363d}}
*{box-sizing:border-box}
body{margin:0;height:100vh;display:flex;font:14px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
#view{flex:1;min-width:0;cursor:grab;overflow:hidden} #view svg{width:100%;height:100%;display:block}
aside{width:340px;overflow:auto;padding:18px 20px;background:var(--panel);border-left:1px solid var(--line)}
h1{font-size:17px;margin:0 0 2px} h2{font-size:14px;margin:22px 0 6px}
p{margin:0;color:var(--muted)} table{border-collapse:collapse;width:100%;font-size:13px}
td{padding:3px 0;border-top:1px solid var(--line);vertical-align:top} td:last-child{text-align:right;white-space:nowrap;padding-left:14px}
#info td:last-child{white-space:normal;overflow-wrap:anywhere}
code{font:12.5px ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
[data-node]{cursor:pointer} svg g.chosen rect{stroke:var(--mark)!important;stroke-width:2.4}
@media (max-width:720px){body{flex-direction:column}aside{width:auto;max-height:45vh;border:0}}
"""

_SCRIPT = """
const svg=document.querySelector('#view svg'),info=document.getElementById('info');
const whole=svg.getAttribute('viewBox').split(' ').map(Number),READABLE=1.3;
let box=whole.slice(),drag=null;
const show=()=>svg.setAttribute('viewBox',box.join(' '));
const unit=()=>Math.max(box[2]/svg.clientWidth,box[3]/svg.clientHeight);
const look=(x,top)=>{const w=svg.clientWidth*READABLE,h=svg.clientHeight*READABLE;box=[x-w/2,top,w,h];show()};
if(unit()>READABLE){
 const top=[...svg.querySelectorAll('[data-node]')].map(g=>g.getBBox()).reduce((a,b)=>b.y<a.y?b:a);
 look(whole[2]>svg.clientWidth*READABLE?top.x+top.width/2:whole[0]+whole[2]/2,whole[1])}
svg.addEventListener('dblclick',()=>{box=whole.slice();show()});
svg.addEventListener('wheel',e=>{e.preventDefault();const k=Math.exp(e.deltaY*0.0015),u=unit(),
 r=svg.getBoundingClientRect(),x=box[0]+box[2]/2+(e.clientX-r.left-r.width/2)*u,
 y=box[1]+box[3]/2+(e.clientY-r.top-r.height/2)*u;
 box=[x-(x-box[0])*k,y-(y-box[1])*k,box[2]*k,box[3]*k];show()},{passive:false});
svg.addEventListener('pointerdown',e=>{drag=[e.clientX,e.clientY]});
addEventListener('pointermove',e=>{if(!drag)return;const u=unit();
 box[0]-=(e.clientX-drag[0])*u;box[1]-=(e.clientY-drag[1])*u;drag=[e.clientX,e.clientY];show()});
addEventListener('pointerup',()=>{drag=null});
const boxes=number=>svg.querySelectorAll(`g[data-node="${number}"]`);
const choose=number=>{
 document.querySelectorAll('.chosen').forEach(c=>c.classList.remove('chosen'));
 info.replaceChildren();if(number===undefined)return;
 boxes(number).forEach(g=>g.classList.add('chosen'));
 const node=NODES[number],h=document.createElement('h2'),t=document.createElement('table');
 h.textContent=node.title;info.append(h,t);
 for(const [k,v] of node.rows){const row=t.insertRow();row.insertCell().textContent=k;row.insertCell().textContent=v}};
svg.addEventListener('click',e=>choose(e.target.closest('g[data-node]')?.dataset.node));
document.querySelectorAll('tr[data-node]').forEach(row=>row.addEventListener('click',()=>{
 choose(row.dataset.node);const at=boxes(row.dataset.node)[0].getBBox();
 look(at.x+at.width/2,at.y+at.height/2-svg.clientHeight*READABLE/2)}));
"""


def _rows(node):
    """What the panel tells about a node: pairs of words."""
    rows = [("node", node.name)] if node.name else []
    if node.shape is not None:
        rows += [("shape", shape_text(node.shape)), ("dtype", node.dtype)]
    if node.value is not None:
        rows.append(("value", f"{node.value:.6g}"))
    rows += [
        (f"saves {name}", f"{shape_text(shape)}, {bytes_text(size) if size else 'shared'}")
        for name, shape, size in node.saved
    ]
    if node.place:
        rows.append(("made at", node.place))
    return rows + ([("buffers", "freed by backward")] if node.freed else [])


def _table(graph, most=12):
    """The nodes that keep the most memory, as table rows."""
    nodes = sorted((n for n in graph.nodes if n.saved_bytes), key=lambda n: -n.saved_bytes)[:most]
    return "".join(
        f'<tr data-node="{n.number}"><td><code>{escape(n.title)}</code> {escape(shape_text(n.shape or ()))}</td>'
        f"<td>{bytes_text(n.saved_bytes)}</td></tr>"
        for n in nodes
    )


def page(graph, title):
    """The HTML of the page; it needs no other file and no network."""
    inside, width, height = drawing(graph)
    nodes = json.dumps([{"title": n.title, "rows": _rows(n)} for n in graph.nodes]).replace("<", "\\u003c")
    kept = _table(graph)
    kept = f"<h2>Kept for backward</h2><table>{kept}</table>" if kept else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{escape(title)}</title><style>{_CSS}{style("#view ")}</style></head>
<body><div id="view"><svg xmlns="http://www.w3.org/2000/svg" viewBox="-20 -10 {width + 40:.0f} {height + 20:.0f}">
{inside}
</svg></div>
<aside><h1>{escape(title)}</h1><p>{escape(graph.summary())}</p>
<div id="info"><p>Click a node, or a row below, for its details. Drag to move, wheel to zoom, double-click to see all of it.</p></div>{kept}</aside>
<script>const NODES={nodes};{_SCRIPT}</script></body></html>"""
