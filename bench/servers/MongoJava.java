import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/**
 * Serves mongo-java-server, with its documents in memory, on a port of 127.0.0.1: java -cp CLASSPATH MongoJava.java PORT
 * The driver talks to servers that name themselves as MongoDB 5.0 does.
 */
public class MongoJava {
    public static void main(String[] args) {
        MongoVersion version = new MongoVersion() {
            public List<Integer> getVersionArray() { return List.of(5, 0, 0); }
            public int getWireVersion() { return 13; }
        };
        new MongoServer(new MemoryBackend().version(version)).bind("127.0.0.1", Integer.parseInt(args[0]));
    }
}
