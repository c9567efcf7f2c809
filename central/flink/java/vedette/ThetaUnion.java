package vedette;

import java.util.HexFormat;
import org.apache.datasketches.memory.Memory;
import org.apache.datasketches.theta.CompactSketch;
import org.apache.datasketches.theta.SetOperation;
import org.apache.datasketches.theta.Sketches;
import org.apache.datasketches.theta.Union;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * The union of theta sketches in hexadecimal, as events carry them: the 512 smallest hashes,
 * compact and ordered. What is no sketch of ours (damaged, another seed) adds nothing.
 */
public final class ThetaUnion extends AggregateFunction<String, ThetaUnion.State> {
  private static final int ENTRIES = 512;
  private static final int HEX_MAX = 8300;

  /** The union so far; empty at first. */
  public static final class State {
    public byte[] sketch = new byte[0];
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(State state, String hex) {
    if (hex == null || hex.isEmpty() || hex.length() > HEX_MAX) return;
    try {
      add(state, HexFormat.of().parseHex(hex));
    } catch (IllegalArgumentException | org.apache.datasketches.common.SketchesException bad) {
      return;
    }
  }

  public void merge(State state, Iterable<State> others) {
    for (State other : others) {
      if (other.sketch.length > 0) add(state, other.sketch);
    }
  }

  @Override
  public String getValue(State state) {
    return HexFormat.of().formatHex(state.sketch);
  }

  private static void add(State state, byte[] sketch) {
    CompactSketch read = (CompactSketch) Sketches.wrapSketch(Memory.wrap(sketch));
    Union union = SetOperation.builder().setNominalEntries(ENTRIES).buildUnion();
    if (state.sketch.length > 0) union.union(Sketches.wrapSketch(Memory.wrap(state.sketch)));
    union.union(read);
    state.sketch = union.getResult(true, null).toByteArray();
  }
}
